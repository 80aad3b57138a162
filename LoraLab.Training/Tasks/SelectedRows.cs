using LoraLab.Training.Files.Errors;
using LoraLab.Training.Tokenization;

namespace LoraLab.Training.Tasks;

/// <summary>The rows of a run, not yet encoded.</summary>
public abstract class SelectedRows
{
    /// <summary>Number of training rows, those included that <c>tooLong</c> drops.</summary>
    public abstract int TrainingCount { get; }

    /// <summary>Number of evaluation rows.</summary>
    public abstract int EvaluationCount { get; }

    /// <summary>Encodes the rows as token ids.</summary>
    /// <param name="tokenizer">Tokenizer of the model.</param>
    /// <param name="contextLength">Maximum tokens of a row in the model.</param>
    /// <exception cref="RunFailure">A row cannot be encoded, or is too long and refused.</exception>
    public abstract TaskData Encode(ITokenizer tokenizer, int contextLength);
}
