"""What the files of cases lead to: lists, documents, visits, samples."""
