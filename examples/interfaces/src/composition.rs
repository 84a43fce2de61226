//! A contract that lets a text model and a picture model work on one story.

super::interface! {
    /// Tells illustrated stories: a text model writes a line, a picture model draws it, the
    /// text model goes on from it, and so on, each step asked for by this contract when the
    /// engine tells it the outcome of the one before.
    ///
    /// Its constructor takes the engine, the text model, the picture model, and the digest of
    /// the answer that ends a story (zero: none does). It answers `NotAnEngine` if the first is
    /// none, and `ModelDoesNotExist` for a model that is not registered there.
    interface IComposition {
        /// Why a story goes no further.
        enum Ending {
            /// It goes on.
            None,
            /// The text model gave the answer that ends a story.
            Concluded,
            /// It has as many chapters as were asked for.
            Complete,
            /// What is left does not pay for the next task.
            BudgetSpent,
            /// The task of a text was rejected or retracted, so that there is nothing to go on
            /// from.
            TextFailed,
            /// Its author stopped it.
            Stopped
        }

        /// What a task of a story makes.
        enum Part {
            /// A chapter's text.
            Text,
            /// A chapter's picture.
            Picture
        }

        /// `author` paid `budget` wei of AIUS for a story of at most `chapters` chapters.
        event StoryBegun(uint256 indexed story, address indexed author, uint256 budget, uint32 chapters);

        /// `task` was submitted for a part of a chapter; chapters count from 0.
        event PartAsked(uint256 indexed story, bytes32 indexed task, uint32 chapter, Part part);

        /// The outcome of that task is final: the digest of its CID, or zero if it was rejected
        /// or retracted and has none.
        event PartTold(uint256 indexed story, bytes32 indexed task, uint32 chapter, Part part, bytes32 digest);

        /// The story goes no further; `left` wei of AIUS are its author's to withdraw.
        event StoryEnded(uint256 indexed story, Ending ending, uint256 left);

        /// `amount` wei of AIUS were paid out.
        event Withdrawn(address indexed account, uint256 amount);

        /// What the constructor was given is no engine.
        error NotAnEngine(address engine);

        /// The engine knows no model of that id.
        error ModelDoesNotExist(bytes32 model);

        /// Only the engine tells outcomes.
        error NotEngine(address caller);

        /// No story waits for that task: it is somebody else's, or its outcome was told.
        error UnknownTask(bytes32 task);

        /// There is no story of that number.
        error NoSuchStory(uint256 story);

        /// Only its author may stop a story.
        error NotTheAuthor(address caller);

        /// The story has ended.
        error StoryIsOver(uint256 story);

        /// A topic or style may have that many bytes.
        error TextTooLong(uint256 bytesGiven, uint256 most);

        /// A topic or style has control characters in it.
        error NotText();

        /// A story has at least one chapter.
        error NoChapters();

        /// The budget does not pay for the first chapter.
        error BudgetTooSmall(uint256 budget, uint256 least);

        /// The account is owed nothing.
        error NothingToWithdraw(address account);

        /// Begins a story and submits its first task. Approve this contract for `budget` first;
        /// each text costs `textFee` of it and each picture `pictureFee`, wei of AIUS. `topic`
        /// is what the first text is made from, `style` is put before what is drawn. The caller
        /// owns the tasks: refunds of the engine are paid to it, and it alone may retract them.
        /// Errors: `NoChapters`, `TextTooLong`, `NotText`, `BudgetTooSmall`, those of the
        /// token's `transferFrom` and of the engine's `submitTaskWithConsumer`, as they are.
        /// Events: `StoryBegun`, `PartAsked`.
        function begin(string topic, string style, uint32 chapters, uint128 budget, uint128 textFee, uint128 pictureFee)
            external returns (uint256 story);

        /// Told by the engine what became of a task; submits the next one or ends the story.
        /// Errors: `NotEngine`, `UnknownTask`, those of the engine's
        /// `submitTaskWithConsumer`: then the outcome can be told again later. Events:
        /// `PartTold`, `PartAsked`, `StoryEnded`.
        function onTaskOutcome(bytes32 task, uint8 outcome, bytes cid) external;

        /// Ends the caller's story: no further task is submitted, the rest of the budget is
        /// theirs. A task that is under way goes on; its outcome changes nothing any more.
        /// Errors: `NoSuchStory`, `NotTheAuthor`, `StoryIsOver`. Events: `StoryEnded`.
        function stop(uint256 story) external;

        /// Pays an account what ended stories left it. Anyone may call. Errors:
        /// `NothingToWithdraw`, those of the token's `transfer`. Events: `Withdrawn`.
        function withdraw(address account) external;

        /// How a story stands: its author, the chapter that is being made and how many there
        /// may be, what is awaited of that chapter, whether and why it has ended, the budget
        /// that is left, the task that is awaited, and the digest of the last text.
        function story(uint256 story) external view returns (
            address author, uint32 chapter, uint32 chapters, uint8 part, uint8 ending,
            uint128 left, bytes32 task, bytes32 text
        );

        /// How many stories were begun; they are numbered from 1.
        function stories() external view returns (uint256);

        /// What an account may withdraw, wei of AIUS.
        function owed(address account) external view returns (uint256);

        /// The gas that the engine is asked to leave for each `onTaskOutcome`.
        function outcomeGas() external view returns (uint32);

        /// The engine to which it submits.
        function engine() external view returns (address);

        /// The token that budgets are paid in, AIUS.
        function token() external view returns (address);

        /// The model that writes.
        function textModel() external view returns (bytes32);

        /// The model that draws.
        function pictureModel() external view returns (bytes32);

        /// The digest of the answer that ends a story; zero where none does.
        function lastWords() external view returns (bytes32);
    }
}
