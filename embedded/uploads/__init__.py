"""The input of a run: the files of a user, or made-up ones, recognised by pipeline and put into the raw bucket."""
