"""The package of card_movements: definition, contract and jobs; what ./nightshift knows of it; its pages."""
