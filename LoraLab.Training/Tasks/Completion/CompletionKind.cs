namespace LoraLab.Training.Tasks.Completion;

/// <summary>Layout of the rows of a dataset for completion.</summary>
public enum CompletionKind
{
    /// <summary>Columns that a template puts together: a prompt and a completion, or an instruction with its output.</summary>
    Prompted,

    /// <summary>One text, without a prompt.</summary>
    Text,

    /// <summary>A conversation.</summary>
    Messages,
}
