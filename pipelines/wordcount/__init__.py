"""The package of wordcount: definition, contract and jobs; what ./nightshift knows of it; its pages."""
