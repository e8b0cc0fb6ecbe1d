"""The class names of the COCO data set (cocodataset.org), in the two numberings that networks use."""

from __future__ import annotations

COCO_80: tuple[str, ...] = tuple(
    """person, bicycle, car, motorcycle, airplane, bus, train, truck, boat, traffic light, fire hydrant, stop sign,
    parking meter, bench, bird, cat, dog, horse, sheep, cow, elephant, bear, zebra, giraffe, backpack, umbrella,
    handbag, tie, suitcase, frisbee, skis, snowboard, sports ball, kite, baseball bat, baseball glove, skateboard,
    surfboard, tennis racket, bottle, wine glass, cup, fork, knife, spoon, bowl, banana, apple, sandwich, orange,
    broccoli, carrot, hot dog, pizza, donut, cake, chair, couch, potted plant, bed, dining table, toilet, tv, laptop,
    mouse, remote, keyboard, cell phone, microwave, oven, toaster, sink, refrigerator, book, clock, vase, scissors,
    teddy bear, hair drier, toothbrush""".replace("\n    ", " ").split(", ")
)

# The data set's own category ids run to 90 with holes; networks of the DETR family have a class for each hole.
_HOLES = (0, 12, 26, 29, 30, 45, 66, 68, 69, 71, 83)
_used_ids = [category for category in range(91) if category not in _HOLES]
_name_by_id = dict(zip(_used_ids, COCO_80, strict=True))

COCO_91: tuple[str, ...] = tuple(_name_by_id.get(category, "") for category in range(91))
