"""The card_movements pipeline: one flat product from four tables of a cooperative bank's database."""
