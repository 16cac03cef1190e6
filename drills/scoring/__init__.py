"""The score of a drill, by the rules that it began with: `score`. Each version of the rules has a package."""
