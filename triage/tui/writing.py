"""Words of the reader's own: a note on a paper, a reason for a dismissal; the sheets load when wanted."""

from __future__ import annotations

from functools import partial

from triage.text import readable
from triage.tui.judging import Judging


class Writing(Judging):
    """The part that lays the sheets to write on."""

    def action_write_note(self) -> None:
        """Open the note on the paper under the cursor."""
        from triage.tui.editor import NoteSheet

        if scored := self.desk.current:
            paper_id = scored.paper.id

            def write(words: str) -> None:
                self._session.write_note(paper_id, words)
                self.desk.notes[paper_id] = words

            self.push_screen(NoteSheet(scored, self.desk.notes.get(paper_id, ""), write))

    def action_dismiss_why(self) -> None:
        """Ask for a reason, then dismiss."""
        from triage.tui.editor import Question

        if scored := self.desk.current:
            answer = partial(self._judge_paper, scored, "dismiss")
            self.push_screen(Question(readable(scored.paper.title), "Why not?", answer))

    def on_text_area_changed(self) -> None:
        """Keep each key of a note as it is typed."""
        self._save_writing()
