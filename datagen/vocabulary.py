"""Names that the generated shops, streets and dishes bear; all of it is made up for this project."""

from __future__ import annotations

COUNTRIES = (("BR", "Brasil"), ("AR", "Argentina"), ("CL", "Chile"))
STATES = (  # id, country, name
    (11, "BR", "São Paulo"),
    (12, "BR", "Ceará"),
    (13, "BR", "Paraná"),
    (21, "AR", "Córdoba"),
    (22, "AR", "Santa Fe"),
    (31, "CL", "Ñuble"),
)
# Fewer names than a chain has units: names repeat, and only the unit's id is unique.
BRANCHES = (
    ("Mr. Health - Jardim das Acácias", 11),
    ("Mr. Health - Praça da Sé", 11),
    ("Mr. Health - Beira-Mar", 12),
    ("Mr. Health - Água Verde", 13),
    ("Mr. Health - Nueva Córdoba", 21),
    ("Mr. Health - Rosario", 22),
    ("Mr. Health - Chillán", 31),
)
PRODUCTS = (  # name, price in cents
    ("Açaí na Tigela", 1990),
    ("Salada de Grão-de-Bico", 2450),
    ("Wrap Integral de Frango", 2275),
    ("Pão de Fermentação Lenta", 1290),
    ("Sopa de Abóbora com Gengibre", 1880),
    ("Suco de Maçã e Hortelã", 1190),
    ("Tapioca de Coco", 1575),
    ("Moqueca de Banana-da-Terra", 3490),
    ("Bolo de Fubá sem Glúten", 990),
    ("Limonada Suíça", 1085),
    ("Empanada de Espinafre", 1340),
    ("Porção de Pinhão", 2015),
)
STREETS = ("Rua das Flores", "Avenida São João", "Travessa do Açude", "Calle San Martín", "Alameda dos Ipês")
TOWNS = ("São Carlos", "Córdoba", "Maringá", "Florianópolis", "Chillán")
NOTES = ("", "", "Sem cebola", "Molho à parte", "Sem glúten, por favor", "Bem passado; sem sal")
TYPES = ("Loja Online", "Loja Física")
# What shops really send for the second type.
PLAIN_TYPES = ("Loja Online", "Loja Fisica")
STATUSES = ("Finalizado", "Pendente", "Cancelado")
STATUS_WEIGHTS = (85, 10, 5)
