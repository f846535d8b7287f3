import unittest

from executor import plugin
from hob_plugin import Cancelled, Denied, Failed
from hob_plugin.testing import World

SALES = "day,city,amount,note\n2026-01-01,Oslo,10,\n2026-01-02,Bergen,20.5,\n2026-01-03,Oslo,30,late | ill\n"
LOG = """2026-01-01T10:00:00Z INFO  listening on 8080
2026-01-01T10:00:01Z ERROR cannot reach 10.0.0.7: timed out after 30 s
2026-01-01T10:05:00Z [warning] disk 91% full
2026-01-01T10:06:00Z ERROR cannot reach 10.0.0.9: timed out after 31 s
  at connect
"""


class ExecutorTest(unittest.TestCase):
    def test_a_table_has_the_ranges_of_numbers_and_the_frequent_texts(self) -> None:
        world = World().file("sales.csv", SALES)
        success = world.run(plugin, file="sales.csv")
        self.assertEqual(success.summary, "sales.csv: 3 rows, 4 columns")
        day, city, amount, note = success.data["columns"]
        self.assertEqual((day["type"], day["distinct"]), ("text", 3))
        self.assertEqual(city["frequent"], {"Oslo": 2, "Bergen": 1})
        self.assertEqual((amount["least"], amount["most"], amount["median"]), (10, 30, 20.5))
        self.assertEqual((note["filled"], note["frequent"]), (1, {"late | ill": 1}))
        self.assertIn("| amount | number | 3 | 3 | 10 to 30, mean 20.17, median 20.5 |", world.output)
        self.assertIn("| day | text | 3 | 3 | all different |", world.output)

    def test_other_delimiters_marks_and_rows_that_are_too_short(self) -> None:
        for text in ("\ufeffa;b\n1;x\n2\n", "a\tb\n1\tx\n2\n"):
            data = World().file("t", text).run(plugin, file="t", kind="table").data
            self.assertEqual([(one["name"], one["filled"]) for one in data["columns"]], [("a", 2), ("b", 1)])

    def test_a_log_has_its_levels_and_what_went_wrong_most(self) -> None:
        world = World().file("app.log", LOG)
        success = world.run(plugin, file="app.log", top=2)
        self.assertEqual(success.summary, "app.log: 5 lines, 2 ERROR, 1 WARN, 1 INFO")
        self.assertEqual(success.data["first"], "2026-01-01T10:00:00")
        self.assertEqual(
            success.data["messages"],
            [{"count": 2, "text": "cannot reach …: timed out after … s"}, {"count": 1, "text": "disk …% full"}],
        )
        self.assertIn("From 2026-01-01T10:00:00 to 2026-01-01T10:06:00.", world.output)

    def test_what_it_is_goes_by_name_and_first_lines(self) -> None:
        for name, text, kind in (("a", SALES, "table"), ("b", LOG, "log"), ("c.log", SALES, "log"), ("d.csv", LOG, "table")):
            self.assertEqual(World().file(name, text).run(plugin, file=name).data["kind"], kind, name)

    def test_what_cannot_be_done_says_so(self) -> None:
        with self.assertRaisesRegex(Failed, "no such file"):
            World().run(plugin, file="none.csv")
        with self.assertRaisesRegex(Failed, "is empty"):
            World().file("a.csv", "\n").run(plugin, file="a.csv")
        with self.assertRaises(Denied):
            World().file("a.csv", SALES).deny("dirs").run(plugin, file="a.csv")
        with self.assertRaises(Cancelled):
            World().file("a.csv", "a\n" + "1\n" * 5000).cancel_after(4).run(plugin, file="a.csv")
