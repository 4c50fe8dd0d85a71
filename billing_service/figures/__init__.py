"""The figures of projects and organizations, computed from the sums that the ledger keeps."""
