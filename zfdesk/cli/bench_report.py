"""The figures of ``zfdesk bench`` as a page of text."""

from __future__ import annotations

from typing import Any

from zfdesk.cli.bench_synthesis import synthesis_report
from zfdesk.progress import percent_text


def bench_text(figures: dict[str, Any]) -> str:
    """The figures as a page of text."""
    lines = [
        f"{figures['cores']} cores, torch {figures['torch']} with {figures['threads']} threads; medians, one run",
        f"forward, batch 1            {figures['forward_ms']:7.1f} ms",
        f"  eager nn.Sequential       {figures['eager_ms']:7.1f} ms   {figures['forward_ratio']:.2f} × slower",
        f"  share of matrix peak      {percent_text(figures['forward_share_of_peak']):>9}"
        f"      of {figures['peak_gflops']:.0f} GFLOP/s",
    ]
    eager, onnx = figures["batch_eager_ms"], figures.get("batch_onnx_ms")
    lines += [
        f"a picture of a batch of 32  {figures['batch_ms']:7.1f} ms",
        f"  eager nn.Sequential       {eager:7.1f} ms   {eager / figures['batch_ms']:.2f} × slower",
        f"  ONNX Runtime              {figures['batch_onnx']}"
        if onnx is None
        else f"  ONNX Runtime              {onnx:7.1f} ms   {onnx / figures['batch_ms']:.2f} × slower",
    ]
    if "captum_ms" in figures:
        lines += [
            f"forward + conv5 deconvnet   {figures['reconstruction_ms']:7.1f} ms",
            f"  captum NeuronDeconvolution{figures['captum_ms']:7.1f} ms"
            f"   {figures['reconstruction_ratio']:.2f} × slower",
            f"  forward to conv5 only     {figures['reconstruction_until_conv5_ms']:7.1f} ms"
            f"   captum {figures['reconstruction_until_conv5_ratio']:.2f} × slower",
        ]
    else:
        lines.append(f"forward + conv5 deconvnet   {figures['reconstruction']}")
    lines += _sweep_report(figures)
    if "synthesis" in figures:
        lines += synthesis_report(figures["synthesis"])
    lines.append(
        f"against float64             probabilities to {figures['largest_probability_error']:.1e}, activations to"
        f" {figures['largest_activation_error']:.1e} of the layer's largest"
    )
    lines.append(
        f"scan of a folder            {figures['scan_pictures_per_second']:7.1f} pictures/s;"
        f" the network alone {figures['scan_forward_pictures_per_second']:.1f}:"
        f" {figures['scan_ratio']:.2f} of it ({figures['scan_cpu_ratio']:.2f} by processor time)"
    )
    for name, label in (("live", "live window, all panes"), ("live_occluder", "… with occluder and 2 pins")):
        live = figures.get(name)
        if live and "failed" in live:
            lines.append(f"{label:28}{live['failed']}")
        elif live:
            lines += [
                f"{label:28}{live['shown_fps']:5.1f} fps shown, frame age median {live['age_median_ms']:.0f} ms,"
                f" p95 {live['age_p95_ms']:.0f} ms",
                f"{'':28}longest GUI block {live['longest_gui_block_ms']:.0f} ms, memory {live['memory_mb']:.0f} MB,"
                f" start-up {live['startup_s']:.2f} s",
            ]
    for name, label in (("still", "drag over a still picture"), ("stream", "drag over a stream")):
        if f"drag_{name}_failed" in figures:
            lines.append(f"{label:28}{figures[f'drag_{name}_failed']}")
        elif f"drag_{name}_p95_ms" in figures:
            median, p95, shown = (figures[f"drag_{name}_{key}"] for key in ("median_ms", "p95_ms", "shown_per_s"))
            lines.append(f"{label:28}{median:5.0f} ms to the bars, p95 {p95:.0f} ms, {shown:.0f} positions a second")
    if "training_pictures_per_second" in figures:
        lines.append(
            f"training step, 128 px      {figures['training_pictures_per_second']:6.0f} pictures/s;"
            f" {figures['training_memory_ratio']:.2f} × as fast as without keeping freed memory"
        )
    elif "training" in figures:
        lines.append(f"training step, 128 px       {figures['training']}")
    return "\n".join(lines)


def _sweep_report(figures: dict[str, Any]) -> list[str]:
    lines = [
        f"sweep 50 × 50, stride 8     {figures['sweep_ms']:7.1f} ms a position, {figures['sweep_positions']}"
        f" positions; first map after {figures['sweep_first_map_ms']:.0f} ms"
        f" ({figures['sweep_first_map_cold_ms']:.0f} ms the first time)",
        f"  loop of full passes       {figures['sweep_loop_ms']:7.1f} ms   {figures['sweep_loop_ratio']:.1f} × slower",
    ]
    if "sweep_captum_ms" in figures:
        lines.append(
            f"  captum Occlusion          {figures['sweep_captum_ms']:7.1f} ms   {figures['sweep_captum_ratio']:.1f}"
            f" × slower, {figures['sweep_captum_batch']} per evaluation"
        )
    else:
        lines.append(f"  captum Occlusion          {figures['sweep_captum']}")
    lines.append(
        f"  share of matrix peak      {percent_text(figures['sweep_share_of_peak']):>9}      of the"
        f" {figures['sweep_multiply_adds'] / 1e6:.0f} M multiply-adds needed; Winograd's filtering does fewer"
    )
    if "sweep_memory_mb" in figures:
        lines.append(f"  memory, stride 4          {figures['sweep_memory_mb']:7.0f} MB more")
    for name, label in (("moved", "one moved occluder"), ("moved_1_thread", "… on one thread")):
        lines.append(
            f"{label:28}{figures[f'{name}_ms']:7.1f} ms, a full pass {figures[f'{name}_full_ms']:.1f} ms:"
            f" {figures[f'{name}_ratio']:.2f} × as fast"
        )
    return lines
