# Where to publish.

output "topic_arn" {
  description = "The topic that nights publish to."
  value       = aws_sns_topic.this.arn
}
