//! What a person wants from the screen, and where the keys for it hold.

/// What has the keyboard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Context {
    /// Keys that work in every other context too.
    Everywhere,
    Desk,
    Form,
    Filter,
    /// The line of the search inside the detail.
    Search,
    Confirm,
    Help,
    Palette,
    Outbox,
    /// The report of an act on several cases.
    Report,
    /// The links of a case.
    Links,
    Board,
    Corrections,
    /// A link, or what is to be copied.
    Share,
    /// The files of a case.
    Files,
    /// Files on their way.
    Transfers,
    /// What becomes of telling customers.
    Telling,
    /// The first start, before a desk is configured.
    Welcome,
    /// A promise that is written.
    Promise,
    /// The name of a file that is written.
    Export,
    /// Orders and columns to choose from.
    Pick,
    /// A line that asks for a name, a case or words.
    Seek,
}

impl Context {
    pub const ALL: &'static [Self] = &[
        Self::Everywhere,
        Self::Desk,
        Self::Form,
        Self::Filter,
        Self::Search,
        Self::Confirm,
        Self::Help,
        Self::Palette,
        Self::Outbox,
        Self::Report,
        Self::Links,
        Self::Board,
        Self::Corrections,
        Self::Pick,
        Self::Seek,
        Self::Share,
        Self::Files,
        Self::Transfers,
        Self::Telling,
        Self::Welcome,
        Self::Promise,
        Self::Export,
    ];

    /// The context's table in the keymap file.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Everywhere => "everywhere",
            Self::Desk => "desk",
            Self::Form => "form",
            Self::Filter => "filter",
            Self::Search => "search",
            Self::Confirm => "confirm",
            Self::Help => "help",
            Self::Palette => "palette",
            Self::Outbox => "outbox",
            Self::Report => "report",
            Self::Links => "links",
            Self::Board => "board",
            Self::Corrections => "corrections",
            Self::Pick => "pick",
            Self::Seek => "seek",
            Self::Share => "share",
            Self::Files => "files",
            Self::Transfers => "transfers",
            Self::Telling => "telling",
            Self::Welcome => "welcome",
            Self::Promise => "promise",
            Self::Export => "export",
        }
    }

    /// Whether people write here, so that a plain character must reach the text.
    #[must_use]
    pub const fn has_text(self) -> bool {
        !matches!(
            self,
            Self::Desk
                | Self::Confirm
                | Self::Outbox
                | Self::Report
                | Self::Links
                | Self::Board
                | Self::Corrections
                | Self::Share
                | Self::Files
                | Self::Transfers
                | Self::Telling
                | Self::Welcome
                | Self::Pick
        )
    }
}

macro_rules! actions {
    ($($name:ident = $word:literal in $context:ident;)+) => {
        /// What a person wants. The word is its name in the keymap and in the settings.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Action { $($name,)+ }

        impl Action {
            pub const ALL: &'static [Self] = &[$(Self::$name,)+];

            #[must_use]
            pub const fn word(self) -> &'static str {
                match self { $(Self::$name => $word,)+ }
            }

            /// The one context in which the action means something.
            #[must_use]
            pub const fn context(self) -> Context {
                match self { $(Self::$name => Context::$context,)+ }
            }

            #[must_use]
            pub fn named(word: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|a| a.word() == word)
            }
        }
    };
}

actions! {
    Interrupt = "interrupt" in Everywhere;
    Suspend = "suspend" in Everywhere;
    Redraw = "redraw" in Everywhere;
    NextTheme = "next_theme" in Everywhere;

    MoveDown = "move_down" in Desk;
    MoveUp = "move_up" in Desk;
    First = "first" in Desk;
    Last = "last" in Desk;
    PageDown = "page_down" in Desk;
    PageUp = "page_up" in Desk;
    HalfPageDown = "half_page_down" in Desk;
    HalfPageUp = "half_page_up" in Desk;
    NextPane = "next_pane" in Desk;
    PrevPane = "prev_pane" in Desk;
    Open = "open" in Desk;
    Back = "back" in Desk;
    Zoom = "zoom" in Desk;
    ViewMine = "view_mine" in Desk;
    ViewAll = "view_all" in Desk;
    ViewDueToday = "view_due_today" in Desk;
    ViewWaiting = "view_waiting" in Desk;
    Filter = "filter" in Desk;
    View6 = "view_6" in Desk;
    View7 = "view_7" in Desk;
    View8 = "view_8" in Desk;
    View9 = "view_9" in Desk;
    SaveView = "save_view" in Desk;
    FindAll = "find_all" in Desk;
    Sort = "sort" in Desk;
    Columns = "columns" in Desk;
    Compact = "compact" in Desk;
    GoToCase = "go_to_case" in Desk;
    VisitBefore = "visit_before" in Desk;
    VisitAfter = "visit_after" in Desk;
    NextTab = "next_tab" in Desk;
    PrevTab = "prev_tab" in Desk;
    Links = "links" in Desk;
    Why = "why" in Desk;
    Refresh = "refresh" in Desk;
    Copy = "copy" in Desk;
    OpenPage = "open_page" in Desk;
    Export = "export" in Desk;
    Promise = "promise" in Desk;
    Palette = "palette" in Desk;
    Outbox = "outbox" in Desk;
    Board = "board" in Desk;
    Corrections = "corrections" in Desk;
    Attach = "attach" in Desk;
    Files = "files" in Desk;
    Transfers = "transfers" in Desk;
    LinkCorrection = "link_correction" in Desk;
    Macros = "macros" in Desk;
    Help = "help" in Desk;
    Quit = "quit" in Desk;

    Respond = "respond" in Desk;
    Take = "take" in Desk;
    Release = "release" in Desk;
    Undo = "undo" in Desk;
    SendHeld = "send_held" in Desk;
    Note = "note" in Desk;
    Reply = "reply" in Desk;
    RequestInfo = "request_info" in Desk;
    Escalate = "escalate" in Desk;
    HandBack = "hand_back" in Desk;
    Close = "close" in Desk;
    Severity = "severity" in Desk;
    Reopen = "reopen" in Desk;
    Phone = "phone" in Desk;
    InfoReceived = "info_received" in Desk;
    Workaround = "workaround" in Desk;
    Assign = "assign" in Desk;
    Eligibility = "eligibility" in Desk;

    Mark = "mark" in Desk;
    MarkRange = "mark_range" in Desk;
    MarkAll = "mark_all" in Desk;
    MarkNone = "mark_none" in Desk;
    NextCase = "next_case" in Desk;
    SkipCase = "skip_case" in Desk;
    QueueNarrower = "queue_narrower" in Desk;
    QueueWider = "queue_wider" in Desk;

    Send = "send" in Form;
    NextField = "next_field" in Form;
    PrevField = "prev_field" in Form;
    Accept = "accept" in Form;
    NextChoice = "next_choice" in Form;
    PrevChoice = "prev_choice" in Form;
    Leave = "leave" in Form;
    EditText = "edit_text" in Form;
    Canned = "canned" in Form;
    AskMissing = "ask_missing" in Form;

    KeepFilter = "keep_filter" in Filter;
    ClearFilter = "clear_filter" in Filter;
    PickNext = "pick_next" in Pick;
    PickPrev = "pick_prev" in Pick;
    PickToggle = "pick_toggle" in Pick;
    PickEarlier = "pick_earlier" in Pick;
    PickLater = "pick_later" in Pick;
    PickUsual = "pick_usual" in Pick;
    PickTake = "pick_take" in Pick;
    ClosePick = "close_pick" in Pick;

    SeekRun = "seek_run" in Seek;
    SeekNext = "seek_next" in Seek;
    SeekPrev = "seek_prev" in Seek;
    CloseSeek = "close_seek" in Seek;

    CompleteWord = "complete_word" in Filter;
    CompleteBack = "complete_back" in Filter;
    OlderFilter = "older_filter" in Filter;
    NewerFilter = "newer_filter" in Filter;

    NextMatch = "next_match" in Search;
    PrevMatch = "prev_match" in Search;
    EndSearch = "end_search" in Search;

    Yes = "yes" in Confirm;
    No = "no" in Confirm;

    ScrollDown = "scroll_down" in Help;
    ScrollUp = "scroll_up" in Help;
    ScrollPageDown = "scroll_page_down" in Help;
    ScrollPageUp = "scroll_page_up" in Help;
    CloseHelp = "close_help" in Help;

    Run = "run" in Palette;
    NextEntry = "next_entry" in Palette;
    PrevEntry = "prev_entry" in Palette;
    ClosePalette = "close_palette" in Palette;

    OpenLink = "open_link" in Links;
    NextLink = "next_link" in Links;
    PrevLink = "prev_link" in Links;
    CloseLinks = "close_links" in Links;

    OpenItem = "open_item" in Outbox;
    SendItem = "send_item" in Outbox;
    DiscardItem = "discard_item" in Outbox;
    NextItem = "next_item" in Outbox;
    PrevItem = "prev_item" in Outbox;
    CloseOutbox = "close_outbox" in Outbox;

    BoardRespond = "board_respond" in Board;
    BoardTake = "board_take" in Board;
    BoardUndo = "board_undo" in Board;
    BoardSendHeld = "board_send_held" in Board;
    BoardOpen = "board_open" in Board;
    BoardScope = "board_scope" in Board;
    BoardDown = "board_down" in Board;
    BoardUp = "board_up" in Board;
    BoardPageDown = "board_page_down" in Board;
    BoardPageUp = "board_page_up" in Board;
    BoardFirst = "board_first" in Board;
    OpenResult = "open_result" in Report;
    NextResult = "next_result" in Report;
    PrevResult = "prev_result" in Report;
    TakeBack = "take_back" in Report;
    LeaveReport = "leave_report" in Report;

    LeaveBoard = "leave_board" in Board;

    CorrectionDown = "correction_down" in Corrections;
    CorrectionUp = "correction_up" in Corrections;
    CorrectionFirst = "correction_first" in Corrections;
    CorrectionLast = "correction_last" in Corrections;
    CorrectionPageDown = "correction_page_down" in Corrections;
    CorrectionPageUp = "correction_page_up" in Corrections;
    CorrectionOpen = "correction_open" in Corrections;
    CorrectionFold = "correction_fold" in Corrections;
    CorrectionUnfold = "correction_unfold" in Corrections;
    CorrectionPane = "correction_pane" in Corrections;
    CorrectionPlan = "correction_plan" in Corrections;
    CorrectionStatus = "correction_status" in Corrections;
    CorrectionTell = "correction_tell" in Corrections;
    CorrectionNote = "correction_note" in Corrections;
    CorrectionTitle = "correction_title" in Corrections;
    CorrectionNew = "correction_new" in Corrections;
    CorrectionLink = "correction_link" in Corrections;
    CorrectionFilter = "correction_filter" in Corrections;
    CorrectionStatuses = "correction_statuses" in Corrections;
    CorrectionRefresh = "correction_refresh" in Corrections;
    LeaveCorrections = "leave_corrections" in Corrections;

    TakeOffer = "take_offer" in Welcome;
    ConnectDesk = "connect_desk" in Welcome;
    LookAtDemo = "look_at_demo" in Welcome;
    NextOffer = "next_offer" in Welcome;
    PrevOffer = "prev_offer" in Welcome;
    LeaveWelcome = "leave_welcome" in Welcome;

    CopyId = "copy_id" in Share;
    CopyLink = "copy_link" in Share;
    CopySummary = "copy_summary" in Share;
    CopyAddresses = "copy_addresses" in Share;
    CopyWhole = "copy_whole" in Share;
    CloseShare = "close_share" in Share;
    BringFile = "bring_file" in Files;
    BringAll = "bring_all" in Files;
    AttachHere = "attach_here" in Files;
    NextFile = "next_file" in Files;
    PrevFile = "prev_file" in Files;
    CloseFiles = "close_files" in Files;

    TakeBackAll = "take_back_all" in Telling;
    SendAllNow = "send_all_now" in Telling;
    NextTold = "next_told" in Telling;
    PrevTold = "prev_told" in Telling;
    CloseTelling = "close_telling" in Telling;

    CancelTransfer = "cancel_transfer" in Transfers;
    RetryTransfer = "retry_transfer" in Transfers;
    NextTransfer = "next_transfer" in Transfers;
    PrevTransfer = "prev_transfer" in Transfers;
    CloseTransfers = "close_transfers" in Transfers;

    KeepPromise = "keep_promise" in Promise;
    PromiseKept = "promise_kept" in Promise;
    DropPromise = "drop_promise" in Promise;
    ClosePromise = "close_promise" in Promise;

    WriteExport = "write_export" in Export;
    NextFormat = "next_format" in Export;
    NextMask = "next_mask" in Export;
    CloseExport = "close_export" in Export;
}
