//! Competitions in which tasks compete for an escrowed prize.

super::interface! {
    /// Competitions for the best parameters of a model. An organiser puts up a prize and names a
    /// model; whoever wants it has that model compute something and enters the task. The
    /// organiser, or the holders of AIUS by vote, decide which result was best.
    ///
    /// Who is owed something takes it by `withdraw`; nothing is ever sent unasked. Amounts are
    /// in wei of AIUS, times in seconds since the epoch. The constructor takes the address of
    /// the engine, and answers `NotAnEngine` if that is none.
    interface ICompetition {
        /// Who decides.
        enum Mode {
            /// The organiser. If it does not within the time to decide, the holders of AIUS
            /// vote for as long again: an organiser that walks away does not keep its prize.
            Organiser,
            /// The holders of AIUS, by the votes that they had when entries closed.
            Vote
        }

        /// Where a competition stands.
        enum Phase {
            /// There is no such competition.
            None,
            /// Entries are taken.
            Entering,
            /// The organiser may choose.
            Choosing,
            /// Holders of AIUS vote.
            Voting,
            /// There is a winner, or several that tie.
            Decided,
            /// Nobody entered, or nobody voted: the prize goes back to the organiser.
            Void
        }

        /// A competition was opened, and its prize taken into escrow.
        event Opened(uint256 indexed id, address indexed organiser, bytes32 indexed model, Mode mode, uint256 prize, uint64 entriesEnd, uint64 decisionTime);
        /// `task` competes; `entrant` owns it.
        event Entered(uint256 indexed id, bytes32 indexed task, address indexed entrant);
        /// `voter` gave `weight` votes to `task`.
        event Voted(uint256 indexed id, bytes32 indexed task, address indexed voter, uint256 weight);
        /// `amount` of the prize was credited to the owner of a task that won.
        event Awarded(uint256 indexed id, bytes32 indexed task, address indexed entrant, uint256 amount);
        /// The prize was credited back to the organiser.
        event Refunded(uint256 indexed id, address indexed organiser, uint256 amount);
        /// What an account was owed was paid to it.
        event Withdrawn(address indexed account, uint256 amount);

        /// The task was entered already.
        error AlreadyEntered(bytes32 task);
        /// The task's share of the prize was credited already.
        error AlreadyAwarded(bytes32 task);
        /// The prize was credited back already.
        error AlreadyRefunded();
        /// The account voted in this competition already.
        error AlreadyVoted(address voter);
        /// The schedule is outside its bounds: entries end after now and within 365 days, the
        /// time to decide is 6 hours to 30 days.
        error BadSchedule();
        /// The engine knows no model of this identifier.
        error ModelDoesNotExist(bytes32 model);
        /// The prize must be above 0.
        error NoPrize();
        /// The caller had no votes of its own or delegated to it when entries closed. Tokens
        /// vote once their holder has called the token's `delegate`.
        error NoVotes(address voter);
        /// What the constructor was given is no engine.
        error NotAnEngine(address engine);
        /// The task does not compete here.
        error NotEntered(bytes32 task);
        /// Only the organiser may choose.
        error NotOrganiser();
        /// Only the owner of a task may enter it.
        error NotTaskOwner(address owner);
        /// The task is not among the winners.
        error NotWinner(bytes32 task);
        /// Nothing is owed to the account.
        error NothingToWithdraw(address account);
        /// The task was submitted before the competition was opened.
        error TaskTooOld(bytes32 task);
        /// Only a task with a solution that stands so far can be entered, and only one that is
        /// final can win; `status` is the engine's (`taskStatus`).
        error TaskNotEligible(bytes32 task, uint8 status);
        /// The mode is neither 0 nor 1.
        error UnknownMode(uint8 mode);
        /// The competition is in another phase than the call needs.
        error WrongPhase(Phase phase);
        /// The task is of another model than the competition.
        error WrongModel(bytes32 model);

        /// Opens a competition with a prize that is taken from the caller: approve this contract
        /// for it first. Returns its number; the first is 1. Errors: `NoPrize`, `BadSchedule`,
        /// `UnknownMode`, `ModelDoesNotExist`, those of the token. Events: `Opened`.
        function open(bytes32 model, uint256 prize, uint64 entriesEnd, uint64 decisionTime, Mode mode) external returns (uint256 id);
        /// Enters a task of the caller that has a solution. Errors: `WrongPhase`, `AlreadyEntered`,
        /// `WrongModel`, `NotTaskOwner`, `TaskTooOld`, `TaskNotEligible`. Events: `Entered`.
        function enter(uint256 id, bytes32 task) external;
        /// Chooses the winner, as the organiser, and credits it the prize. Errors: `WrongPhase`,
        /// `NotOrganiser`, `NotEntered`, `TaskNotEligible`. Events: `Awarded`.
        function choose(uint256 id, bytes32 task) external;
        /// Gives all votes that the caller had when entries closed to one task. Errors:
        /// `WrongPhase`, `NotEntered`, `AlreadyVoted`, `NoVotes`, `TaskNotEligible`. Events: `Voted`.
        function vote(uint256 id, bytes32 task) external;
        /// Credits a task that won the vote its share: tasks that tie share the prize equally.
        /// Anyone may call. Errors: `WrongPhase`, `NotEntered`, `NotWinner`, `AlreadyAwarded`.
        /// Events: `Awarded`.
        function award(uint256 id, bytes32 task) external;
        /// Credits the prize of a void competition back to its organiser. Anyone may call.
        /// Errors: `WrongPhase`, `AlreadyRefunded`. Events: `Refunded`.
        function refund(uint256 id) external;
        /// Pays an account what it is owed. Anyone may call. Errors: `NothingToWithdraw`. Events:
        /// `Withdrawn`.
        function withdraw(address account) external;

        /// How many competitions were opened; the last one's number.
        function competitions() external view returns (uint256);
        /// A competition; all zero if there is none. It takes entries until `entriesEnd`, and the
        /// decision takes `decisionTime`, twice that if the organiser does not choose.
        function competition(uint256 id) external view returns (address organiser, bytes32 model, Mode mode, uint256 prize, uint64 opened, uint64 entriesEnd, uint64 decisionTime, uint256 entries);
        /// Where a competition stands now.
        function phase(uint256 id) external view returns (Phase);
        /// The most votes that a task has, how many tasks have them, and what is left of the
        /// prize in escrow.
        function standing(uint256 id) external view returns (uint256 votes, uint256 leaders, uint256 escrow);
        /// Who entered a task, how many votes it has, and whether it was credited its share; all
        /// zero if it does not compete.
        function entry(uint256 id, bytes32 task) external view returns (address entrant, uint256 votes, bool awarded);
        /// The `index`-th task that was entered, from 0; zero past the last.
        function entryAt(uint256 id, uint256 index) external view returns (bytes32 task);
        /// Whether an account has voted.
        function hasVoted(uint256 id, address account) external view returns (bool);
        /// What an account can withdraw.
        function owed(address account) external view returns (uint256);
        /// The engine whose tasks compete.
        function engine() external view returns (address);
        /// The engine's token, AIUS.
        function token() external view returns (address);
    }
}
