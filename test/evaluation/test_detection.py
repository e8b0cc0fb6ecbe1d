"""Average precision against pycocotools' own way through files, and cases worked out by hand."""

from __future__ import annotations

import json

import numpy as np
import pytest

from mobinet.errors import InputError
from mobinet.evaluation.box_files import read_coco_results, read_coco_truth
from mobinet.evaluation.detection import DetectionSettings, evaluate_detection
from mobinet.evaluation.tables import BoxTable

pytest.importorskip("pycocotools", reason="needs pycocotools")
PLACES = np.array([[50 * place, 0, 50 * place + 40, 40] for place in range(8)], np.float32)


def boxes(rows: list[tuple[int, int, str, float]], **columns) -> BoxTable:
    """A table of (image, place, class, score)."""
    images, places, names, scores = zip(*rows, strict=True) if rows else ((), (), (), ())
    return BoxTable(
        np.array(images, np.int64), PLACES[list(places)], np.array(names, np.str_), np.array(scores), **columns
    )


TRUTH = boxes([(1, 0, "car", 1), (1, 1, "car", 1), (2, 0, "person", 1), (2, 1, "car", 1)])


def test_the_truth_itself_is_perfect():
    report = evaluate_detection(TRUTH, TRUTH)
    assert list(report.classes) == ["car", "person"]
    assert [report.mean.ap, report.mean.ar, report.mean.precision, report.mean.recall] == pytest.approx([1] * 4)
    assert (report.mean.truth_boxes, report.classes["car"].truth_boxes) == (4, 3)
    # all boxes have 40 x 40 pixels
    assert np.isnan(report.mean.ap_small)
    assert report.mean.ap_medium == pytest.approx(1)


def test_false_boxes_cost_precision_and_their_rank_decides_ap():
    wrong_last = boxes([(1, 0, "car", 0.9), (1, 1, "car", 0.8), (2, 1, "car", 0.7), (1, 5, "car", 0.6)])
    car = evaluate_detection(TRUTH, wrong_last).classes["car"]
    assert (car.ap, car.precision, car.recall) == (pytest.approx(1), 0.75, 1)
    assert (car.best_score, car.best_f1) == (pytest.approx(0.7), 1)
    wrong_first = boxes([(1, 5, "car", 0.95), (1, 0, "car", 0.9), (1, 1, "car", 0.4), (2, 1, "car", 0.3)])
    car = evaluate_detection(TRUTH, wrong_first).classes["car"]
    # precision is 3/4 at best, at every recall
    assert car.ap == pytest.approx(0.75)
    assert (car.precision, car.recall) == (0.5, pytest.approx(1 / 3))


def test_boxes_in_images_with_nothing_true_are_wrong():
    rows = boxes([(1, 0, "car", 0.5), (1, 1, "car", 0.5), (2, 1, "car", 0.5), (9, 0, "car", 0.9)])
    assert evaluate_detection(TRUTH, rows).classes["car"].precision == 0.75
    assert evaluate_detection(TRUTH, rows, images=(1, 2)).classes["car"].precision == 1


def test_what_falls_on_a_forgiven_box_is_not_counted():
    truth = boxes([(1, 0, "car", 1), (1, 1, "car", 1), (1, 2, "distractor", 1)], forgiven=[False, True, False])
    rows = boxes([(1, 0, "car", 0.9), (1, 1, "car", 0.9), (1, 2, "car", 0.9)])
    car = evaluate_detection(truth, rows).classes["car"]
    assert (car.truth_boxes, car.result_boxes, car.precision, car.recall) == (1, 1, 1, 1)


def test_classes_that_do_not_meet_are_refused_unless_all_are_one():
    rows = boxes([(1, 0, "automobile", 0.9)])
    with pytest.raises(InputError, match="truth has car, person, results automobile; rename them"):
        evaluate_detection(TRUTH, rows)
    report = evaluate_detection(TRUTH, rows, DetectionSettings(any_class=True))
    assert report.classes["object"].recall == 0.25


def test_images_that_do_not_meet_and_an_empty_truth_are_refused():
    with pytest.raises(InputError, match="no image of the results is one of the truth"):
        evaluate_detection(TRUTH, boxes([(77, 0, "car", 0.9)]))
    with pytest.raises(InputError, match="the truth has no box"):
        evaluate_detection(boxes([]), TRUTH)


def test_nothing_found_is_no_recall():
    report = evaluate_detection(TRUTH, boxes([]))
    assert (report.mean.ap, report.mean.recall, report.mean.result_boxes) == (0, 0, 0)
    assert np.isnan(report.mean.precision)


def test_figures_are_those_of_pycocotools_on_the_same_files(tmp_path, capsys):
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    rng = np.random.default_rng(4)
    annotations, results = [], []
    for image in range(1, 21):
        for _ in range(6):
            left, top, width, height = rng.uniform(0, 200, 2).tolist() + rng.uniform(8, 150, 2).tolist()
            common = {"image_id": image, "category_id": int(rng.integers(1, 3))}
            crowd = int(rng.random() < 0.1)
            box = [left, top, width, height]
            annotations.append(
                common | {"id": len(annotations) + 1, "bbox": box, "area": width * height, "iscrowd": crowd}
            )
            moved = (np.array(box) + rng.normal(0, 4, 4)).clip(1).tolist()
            results.append(common | {"bbox": moved, "score": float(rng.random())})
    categories = [{"id": 1, "name": "person"}, {"id": 2, "name": "car"}]
    images = [{"id": image, "width": 400, "height": 400} for image in range(1, 22)]
    truth_file, result_file = tmp_path / "instances.json", tmp_path / "results.json"
    truth_file.write_text(json.dumps({"images": images, "annotations": annotations, "categories": categories}))
    result_file.write_text(json.dumps(results))

    theirs = COCO(str(truth_file))
    evaluation = COCOeval(theirs, theirs.loadRes(str(result_file)), "bbox")
    evaluation.evaluate()
    evaluation.accumulate()
    evaluation.summarize()
    capsys.readouterr()
    coco = read_coco_truth(truth_file)
    mean = evaluate_detection(coco.table, read_coco_results(result_file, coco.categories), images=coco.images).mean
    ours = [mean.ap, mean.ap50, mean.ap75, mean.ap_small, mean.ap_medium, mean.ap_large, mean.ar]
    assert ours == pytest.approx([*evaluation.stats[:6], evaluation.stats[8]], abs=1e-6)
