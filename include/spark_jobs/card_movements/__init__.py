"""Card movements of a cooperative bank: the flat product out of four tables of its database."""
