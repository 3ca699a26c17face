"""What the panes of the live view show, and what the mouse does in them: for the help sheet."""

PICTURE_MOUSE = (
    ("Drag the occluder", "moves it"),
    ("Drag its sides or corners", "resizes it"),
    ("Alt-drag the occluder", "drags a copy of it"),
    ("Wheel over the occluder", "larger or smaller"),
    ("Drag a corner of the crop box", "scales it"),
    ("Drag a side of the crop box", "moves it"),
    ("Click beside them", "picks the position of the shown layer under the mouse"),
    ("Drop or paste a file, a folder or a picture", "shows it"),
)
PICTURE = (
    ("Occluder",
     "It covers a part of what the network sees, before the network sees it. The bars then show the new "
     "probabilities, their ticks those of the clean picture. Where covering lowers the probability of a class, "
     "the class hung on that part. The fill matters: a grey square has edges of its own; compare with mean, "
     "blur and noise."),
    ("Crop box",
     "The network sees a square of 224 × 224 pixels, cut from the frame: the cyan box. Mirroring is on the "
     "screen only and never changes what the network sees."),
)  # fmt: skip
CLASSES_MOUSE = (("Click a name", "watches the class, of a kind its most probable one, or no longer"),)
CLASSES = (
    ("Bars by kind",
     "A network that cannot tell one breed from another may still know that it sees a dog. By kind, each bar is the "
     "sum of softmax over all classes that WordNet counts to that kind of thing; the most probable stand beside its "
     "name. What belongs to no kind stands for itself. Taught classes have no kinds."),
)  # fmt: skip
MAPS_MOUSE = (
    ("Hover", "names unit, position and value, and outlines what it sees"),
    ("Click", "selects the unit, at its strongest place"),
    ("Shift-click", "selects the unit at the position under the mouse"),
    ("Right-click", "what can be done with the unit"),
)
MAPS = (
    ("Feature maps",
     "Each small picture is one unit (channel) of the layer: its activation at every position, on this frame. "
     "Activations are never negative after the rectification; black is zero. A click on a map selects the unit, "
     "which is then looked at where it is strongest; with Shift, at the position under the mouse. The dashed box on "
     "the picture is its receptive field: all that this position can see."),
    ("Pattern mode",
     "In place of each unit's live map: the patch of the scanned picture that wakes it most, what that activation "
     "projects down to, or the picture that was made for the unit. Units can be found, and put in order, by the class "
     "that they answer to most."),
)  # fmt: skip
UNIT_MOUSE = (
    ("Click on its map", "picks a position to reconstruct"),
    ("“clean | covered”", "its map and reconstruction clean, covered and in difference"),
)
UNIT = (
    ("Deconvnet",
     "What in the picture made this unit active? All other activations of the layer are set to zero, and what "
     "is left is led back to the pixels: unpooled with the switches (where each pooling window had its "
     "maximum), rectified, filtered with the same filters transposed (Zeiler & Fergus, section 2.1). It is no "
     "photograph, and no average over pictures: it shows the part of this frame that this activation came from."),
    ("Guided backpropagation",
     "The same way down, but a signal passes a rectification only where it is positive and the unit there was "
     "active (Springenberg et al. 2015). Sharper edges; it says more about the picture than about the class."),
    ("Gradient",
     "The true derivative of the activation by every pixel value: where a small change of the picture would "
     "change the unit most. Noisy, but the only one of the three that is exactly that."),
    ("Seed",
     "Which activations the way down begins with: the strongest position of the unit (as the paper does), one "
     "that you pick, the k strongest, or the whole map (as Yosinski's toolbox does). The line above each "
     "picture names it."),
    ("Contrast stretched × 310",
     "The values of a reconstruction are small. They are multiplied by that number so that the largest reaches "
     "the end of the scale; mid-grey is zero. A value of 1 is one level of 255 of the picture; where a network "
     "divides its input by standard deviations (AlexNet's and VGG's weights), it is one of those, some 58 "
     "levels. Two reconstructions may have different factors: compare the numbers at their colour bars, not the "
     "brightness."),
    ("Normalisation: identity or derivative",
     "ZFNet has contrast normalisation after pool1 and pool2. The paper does not say what becomes of it on the "
     "way down. Here the signal passes unchanged (identity) unless you ask for the derivative."),
    ("Clean | covered",
     "While something is covered, the unit pane can show its map and its reconstruction on the clean and on the "
     "covered picture, and covered minus clean. Both begin at the same places: the one you picked, else the "
     "strongest of the clean map; the line below says which. Both are drawn on one range with one stretch, so "
     "that brightness can be compared; the difference has zero in the middle. Of coloured pictures it is the "
     "mean over RGB."),
)  # fmt: skip
