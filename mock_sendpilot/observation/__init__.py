"""What is looked for in what has happened: one matcher for expectations and disruptions."""
