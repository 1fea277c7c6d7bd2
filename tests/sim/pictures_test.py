#!/usr/bin/env python3
"""Goal: the pictures of docs/sim.md show what the tables say. Method: made-up tables."""
import importlib.machinery
import importlib.util
import pathlib
import sys
import unittest
import xml.dom.minidom

sys.dont_write_bytecode = True
PROGRAM = pathlib.Path(__file__).resolve().parents[2] / "tools" / "docs" / "sim"
loader = importlib.machinery.SourceFileLoader("sim", str(PROGRAM))
sim = importlib.util.module_from_spec(importlib.util.spec_from_loader("sim", loader))
loader.exec_module(sim)

TEXT = """### One & all

| policy | p50 | settles |
|---|---|---|
| ADAPTIVE | 1.5 / 3.0 (0) | never |
| round robin | 3.0 / 9.0 (2) | 12 s |

Another, in words

| law | result |
|---|---|
| a | not ejected (0 %; 0) |
| b | 4.5 |
"""


class Pictures(unittest.TestCase):
    def test_a_table_has_the_title_that_stands_before_it(self):
        self.assertEqual([title for title, _, _ in sim.tables(TEXT)], ["One & all", "Another, in words"])

    def test_the_first_figure_of_a_cell_counts_and_none_is_none(self):
        self.assertEqual(sim.figure("1.05 / 3.63 (0)"), 1.05)
        self.assertIsNone(sim.figure("never"))
        self.assertIsNone(sim.figure("not ejected (0 %; 0)"))

    def test_a_bar_per_row_and_column_as_long_as_its_figure(self):
        picture = xml.dom.minidom.parseString(sim.svg(sim.tables(TEXT)))
        bars = [float(rect.getAttribute("width")) for rect in picture.getElementsByTagName("rect") if rect.getAttribute("x")]
        self.assertEqual(len(bars), 6)
        self.assertAlmostEqual(bars[0] * 2, bars[1])
        words = [text.firstChild.data for text in picture.getElementsByTagName("text")]
        self.assertEqual(words.count("never"), 2)


if __name__ == "__main__":
    unittest.main()
