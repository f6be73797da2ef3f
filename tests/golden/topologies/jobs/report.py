"""A script of SageMaker processing."""
