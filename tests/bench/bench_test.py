#!/usr/bin/env python3
"""Goal: the tables say what was measured, and a regression is called one. Method: made-up figures."""
import importlib.machinery
import importlib.util
import pathlib
import sys
import unittest
import xml.dom.minidom

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
sys.dont_write_bytecode = True
import report  # noqa: E402
import workloads  # noqa: E402


def program(name):
    loader = importlib.machinery.SourceFileLoader(name, str(HERE / name))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(name, loader))
    loader.exec_module(module)
    return module


def burst(cpu_us):
    return {"cpu_us": cpu_us, "rate": 1000.0, "requests": 1000, "errors": 0}


FOUND = {"machine": "m", "rounds": 3, "seconds": 1, "goals": {"a & b": 0.8, "c": 1.0}, "versions": {"switchyard": "1", "nginx": "2", "haproxy": "3"},
         "bursts": {"a & b": {"switchyard": [burst(9), burst(7), burst(100)], "nginx": [burst(10)], "haproxy": [burst(12)]},
                    "c": {"switchyard": [burst(5)], "haproxy": [burst(10)]}}}


class Tables(unittest.TestCase):
    def test_ratio_is_of_medians_to_the_better_peer(self):
        rows = {row[0]: row for row in report.cpu_rows(FOUND)}
        self.assertEqual(rows["a & b"][1], 9)
        self.assertAlmostEqual(rows["a & b"][3], 0.9)
        self.assertAlmostEqual(rows["c"][3], 0.5)

    def test_goals_are_met_or_missed_by_so_much(self):
        self.assertEqual(report.verdict(0.8, 0.8), "met")
        self.assertEqual(report.verdict(0.88, 0.8), "10 % over")
        self.assertEqual(report.verdict(2.0, 0), "")

    def test_a_peer_without_a_door_has_a_dash(self):
        line = next(line for line in report.cpu_table(FOUND).splitlines() if line.startswith("| c "))
        self.assertIn("| – | 10.0 |", line)

    def test_the_picture_is_xml_whatever_the_names(self):
        picture = xml.dom.minidom.parseString(report.svg(FOUND))
        self.assertEqual(len(picture.getElementsByTagName("rect")), 1 + 2)


class Diff(unittest.TestCase):
    def test_more_than_five_percent_is_a_regression(self):
        compare = program("diff").compare
        self.assertFalse(compare({"x": 100.0}, {"x": 105.0})[1])
        self.assertTrue(compare({"x": 100.0, "y": 100.0}, {"x": 90.0, "y": 105.1})[1])


class Workloads(unittest.TestCase):
    def test_those_of_the_smoke_run_and_of_the_diff_exist(self):
        for name in [*workloads.SMOKE, *workloads.DIFF]:
            self.assertIn(name, workloads.WORKLOADS)

    def test_every_route_has_a_place_of_its_own(self):
        count = workloads.ROUTE_HOSTS * workloads.ROUTE_PATHS
        self.assertEqual(len({workloads.route(number) for number in range(count)}), count)


if __name__ == "__main__":
    unittest.main()
