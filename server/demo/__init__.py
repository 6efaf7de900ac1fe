"""The demo tenant 应答商城: people, knowledge and a month of past conversations, all from data/demo."""
