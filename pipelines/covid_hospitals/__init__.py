"""The package of covid_hospitals: definition, contract and jobs; what ./nightshift knows of it; its pages."""
