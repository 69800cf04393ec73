"""What `import incumbent` offers: each module is imported when its name is first used."""
