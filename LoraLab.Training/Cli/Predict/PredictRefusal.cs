namespace LoraLab.Training.Cli.Predict;

/// <summary>A prediction that cannot be computed; the message is one sentence for the user.</summary>
internal sealed class PredictRefusal : Exception
{
    private PredictRefusal(string message, string? field, Exception? inner)
        : base(message, inner) => Field = field;

    /// <summary>The member of the request that is wrong; null: the run or its model cannot be used.</summary>
    public string? Field { get; }

    public static PredictRefusal Of(string field, string message, Exception? inner = null) => new(message, field, inner);

    public static PredictRefusal OfRun(string message, Exception? inner = null) => new(message, null, inner);
}
