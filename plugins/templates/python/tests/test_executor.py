import unittest

from executor import plugin
from hob_plugin import Cancelled, Denied
from hob_plugin.testing import World


def world() -> World:
    return World().file("a.md", "one two two").file("b.md", "two three").file("c.txt", "four")


class ExecutorTest(unittest.TestCase):
    def test_it_counts_the_words_of_the_files_that_are_asked_for(self) -> None:
        here = world()
        success = here.run(plugin, glob="*.md", top=1)
        self.assertEqual(success.summary, "5 words in 2 files")
        self.assertEqual(success.data, {"files": 2, "words": 5})
        self.assertEqual(here.output, "3 two\n")

    def test_it_stops_when_it_is_asked_to(self) -> None:
        with self.assertRaises(Cancelled):
            world().cancel_after(2).run(plugin)

    def test_it_passes_a_denial_on(self) -> None:
        with self.assertRaises(Denied):
            world().deny("dirs").run(plugin)
