"""The figure builder: a window beside the window, in which panels are arranged for print.

`builder` is the window, `draft` what is being put together with its undo, `grid` the arrangement under the mouse,
`drawer` and `page_view` the true page, `export` the files. What a figure is lives below, in `zfdesk.pages`.
"""
