"""The programs run elsewhere: nothing in them is a test or an import of xq's."""

collect_ignore = ["programs"]
