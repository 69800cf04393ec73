"""Replay: a labelled history walked under policies, each valued by what it brought and cost."""
