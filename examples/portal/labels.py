"""Every text a visitor can see or press, in one mapping, so that a variation is a different mapping."""

from collections.abc import Mapping

__all__ = ["LABELS", "UnknownLabel", "fill", "relabel"]

LABELS: Mapping[str, str] = {
    "portal_title": "Corporate Reporting Portal",
    "login_title": "Please log in",
    "user_name": "User name",
    "password": "Password",
    "log_in": "Log in",
    "log_off": "Log off",
    "reports": "Reports",
    "my_jobs": "My jobs",
    "reports_title": "Run a report",
    "report": "Report",
    "report_revenue": "Revenue",
    "report_orders": "Orders",
    "report_customers": "Customers",
    "year": "Year",
    "quarter": "Quarter",
    "breakdown": "Breakdown",
    "breakdown_region": "Region",
    "breakdown_product_line": "Product line",
    "run_report": "Run report",
    "confirm_run": "This report runs on the reporting server. Queue it now?",
    "jobs_title": "Jobs submitted by {user}",
    "jobs_caption": "Report jobs",
    "jobs_none": "No report has been queued yet.",
    "job": "Job",
    "job_title": "Job {number}",
    "submitted_at": "Submitted (UTC)",
    "submitted_by": "Submitted by",
    "status": "Status",
    "status_queued": "Queued (position {position})",
    "status_running": "Running",
    "status_completed": "Completed",
    "status_failed": "Failed",
    "failure_reason": "Reason",
    "failure_node": "Reporting node 2 did not answer.",
    "failure_database": "The reporting database could not be read.",
    "view_result": "View result",
    "back_to_job": "Back to job",
    "result_title": "{report} by {breakdown}, {quarter} {year}",
    "summary_title": "Summary",
    "summary_revenue": "Total revenue (USD)",
    "summary_orders": "Total orders",
    "summary_units": "Total units",
    "summary_customers": "Total customers",
    "summary_region": "Number of regions",
    "summary_product_line": "Number of product lines",
    "caption_region": "Regional breakdown",
    "caption_product_line": "Product line breakdown",
    "column_region": "Region",
    "column_product_line": "Product line",
    "column_customers": "Customers",
    "column_orders": "Orders",
    "column_units": "Units",
    "column_revenue": "Revenue (USD)",
    "column_share": "Share",
    "rows_shown": "Rows {first} to {last} of {total}",
    "next_page": "Next",
    "previous_page": "Previous",
    "download_csv": "Download CSV",
    "error_title": "Request not completed",
    "error_login": "Invalid user name or password",
    "error_locked": "This account is locked after too many failed attempts. Try again later.",
    "error_session": "Your session has ended. Please log in again.",
    "error_form": "This form has expired. Go back, reload the page and try again.",
    "error_choice": "Choose one of the listed values in every field.",
    "error_not_ready": "This job has no result to show.",
    "error_not_found": "There is no such page.",
}


class UnknownLabel(ValueError):
    """A label key that the portal does not have."""


def relabel(changes: Mapping[str, str]) -> dict[str, str]:
    """The labels with `changes` applied.

    Raises:
        UnknownLabel: a key that is not in `LABELS`; the message lists the keys that are.
    """
    unknown = sorted(changes.keys() - LABELS.keys())
    if unknown:
        names = ", ".join(map(repr, unknown))
        raise UnknownLabel(f"unknown label {names}; use one of: {', '.join(LABELS)}")
    return {**LABELS, **changes}


def fill(text: str, **values: object) -> str:
    """`text` with each {name} replaced; other braces stay, for a label is anybody's text, not a format."""
    for name, value in values.items():
        text = text.replace(f"{{{name}}}", str(value))
    return text
