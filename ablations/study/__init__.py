"""A study: one claim of the paper, the arms that test it, and how they are compared.

Each study is a small declarative file in `ablations/studies/`; its file name is its
name on the command line.
"""

from ablations.study.budget import Amount as Amount
from ablations.study.budget import Budget as Budget
from ablations.study.budget import Search as Search
from ablations.study.budget import Shared as Shared
from ablations.study.comparison import Check as Check
from ablations.study.comparison import Claimed as Claimed
from ablations.study.comparison import Comparison as Comparison
from ablations.study.comparison import EpochsToError as EpochsToError
from ablations.study.comparison import Family as Family
from ablations.study.comparison import Pairing as Pairing
from ablations.study.comparison import Scale as Scale
from ablations.study.declaration import Study as Study
from ablations.study.declared import RESERVED as RESERVED
from ablations.study.ensemble import Ensemble as Ensemble
from ablations.study.ensemble import Joined as Joined
from ablations.study.kinds import Difference as Difference
from ablations.study.kinds import ScoreStudy as ScoreStudy
from ablations.study.kinds import SpeedStudy as SpeedStudy
from ablations.study.load import load as load
from ablations.study.load import names as names
from ablations.study.paper import paper_text as paper_text
from ablations.study.part import part as part
from ablations.study.quantity import Quantity as Quantity
from ablations.study.series import Series as Series
