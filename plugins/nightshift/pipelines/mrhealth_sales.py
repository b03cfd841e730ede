"""MrHealth sales: what ~50 restaurants sold yesterday, by branch and by product."""

from nightshift.pipeline import GoldTable, Inputs, Pipeline, Step

MONEY = "decimal(18,2)"
SALES = {
    "unit_id": "int",
    "branch": "string",
    "state": "string",
    "country": "string",
    "orders": "bigint",
    "gross_value": MONEY,
    "revenue": MONEY,
    "pending_value": MONEY,
    "cancelled_value": MONEY,
    "delivery_fees": MONEY,
}
PRODUCT_SALES = {"product_id": "int", "product": "string", "quantity": "bigint", "item_revenue": MONEY}

MRHEALTH_SALES = Pipeline(
    name="mrhealth_sales",
    title="MrHealth sales",
    inputs=Inputs(prefix="mrhealth/csv_sales/%Y/%m/%d/", reference="mrhealth/reference_data/"),
    steps=tuple(Step(layer, (layer,)) for layer in ("bronze", "silver", "gold")),
    gold=(
        GoldTable("sales_by_branch_day", {"order_date": "date", **SALES}, keys=("order_date", "unit_id")),
        GoldTable("sales_by_branch_year", {"year": "int", **SALES}, keys=("year", "unit_id")),
        GoldTable("product_sales", PRODUCT_SALES, keys=("product_id",), min_rows=0),
    ),
    expected_minutes=15,
)
