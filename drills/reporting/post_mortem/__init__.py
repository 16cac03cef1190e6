"""Post-mortems: a draft from the timeline, and the document that a team hands in."""
