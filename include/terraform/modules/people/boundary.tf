# The most that a person's role or user may ever do, whatever somebody attaches to it later: what both roles may, together.

data "aws_iam_policy_document" "boundary" {
  source_policy_documents = [
    data.aws_iam_policy_document.governance.json,
    data.aws_iam_policy_document.reader.json,
    data.aws_iam_policy_document.assume["governance"].json,
    data.aws_iam_policy_document.assume["reader"].json,
  ]
}

resource "aws_iam_policy" "boundary" {
  name        = "${var.name}-people-boundary"
  description = "The most that people of ${var.name} may do"
  policy      = data.aws_iam_policy_document.boundary.json
}
