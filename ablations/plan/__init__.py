"""The runs that a request means. Pure: nothing is computed or drawn here."""

from ablations.plan.asked import budget as budget
from ablations.plan.expand import Plan as Plan
from ablations.plan.expand import cheapest_first as cheapest_first
from ablations.plan.expand import check as check
from ablations.plan.expand import reported_runs as reported_runs
from ablations.plan.expand import search_runs as search_runs
from ablations.plan.looks import check_looks as check_looks
from ablations.plan.order import epoch_work as epoch_work
from ablations.plan.order import expected_epochs as expected_epochs
from ablations.plan.request import DATASETS as DATASETS
from ablations.plan.request import Request as Request
from ablations.plan.request import Until as Until
from ablations.plan.runs import PlannedRun as PlannedRun
from ablations.plan.runs import Role as Role
from ablations.plan.runs import StudyRun as StudyRun
