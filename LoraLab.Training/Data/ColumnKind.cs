namespace LoraLab.Training.Data;

/// <summary>What a reader accepts in a column.</summary>
internal enum ColumnKind
{
    /// <summary>Text: in JSON a string that must be there; a field that a short table row lacks is empty.</summary>
    Text,

    /// <summary>Text that may be missing, which is null.</summary>
    OptionalText,

    /// <summary>A string, number or truth value as its text; null if missing.</summary>
    Scalar,

    /// <summary>A JSON array or object as its JSON text, only in JSONL.</summary>
    Json,
}
