"""The rules of the loop, each written once: live runs and replays walk the same ones.

`state` is the port that they read and write through. `judge` looks at the labels that have
arrived, `backtest` asks whether newer rows would help, `challenge` compares a challenger with the
champion and refits it, `teaching` says which batches a model may learn from.
"""
