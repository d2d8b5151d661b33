"""A small legacy reporting portal to operate: log in, queue a report, await the job, read a paged table."""
