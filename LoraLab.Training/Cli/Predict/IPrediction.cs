using LoraLab.Contracts;
using LoraLab.Contracts.Runs;
using LoraLab.Training.Files.Errors;
using LoraLab.Training.Models;

namespace LoraLab.Training.Cli.Predict;

/// <summary>A checked request as token ids.</summary>
internal interface IPrediction
{
    /// <summary>Columns that inputs must have; empty: a prompt is continued.</summary>
    IReadOnlyList<string> Columns { get; }

    /// <summary>The labels that are scored; empty: a text is generated.</summary>
    IReadOnlyList<string> Labels { get; }

    /// <summary>Computes the predictions, in the order of the request.</summary>
    IReadOnlyList<PredictedItem> Run(LlamaModel model, CancellationToken cancellation);

    /// <summary>Refuses a request of more tokens than are allowed.</summary>
    static void RequireTokens(long tokens, string field, string remedy)
    {
        if (tokens > PredictLimits.Tokens)
        {
            throw PredictRefusal.Of(
                field,
                $"The request has {NumberFormat.Count(tokens)} tokens, read and generated, but "
                    + $"{NumberFormat.Count(PredictLimits.Tokens)} are allowed; {remedy}.");
        }
    }

    /// <summary>Refuses a text that is longer than the model reads.</summary>
    static void RequireLength(int tokens, LlamaConfig config, string field)
    {
        if (tokens > config.LongestText)
        {
            throw PredictRefusal.Of(
                field,
                $"The text of {field} has {NumberFormat.Count(tokens)} tokens, but the model reads "
                    + $"{NumberFormat.Count(config.LongestText)}; shorten it.");
        }
    }

    /// <summary>Encodes a text; a text that cannot be encoded is an error of the field.</summary>
    static T Encode<T>(string field, Func<T> encode)
    {
        try
        {
            return encode();
        }
        catch (RunFailure failure)
        {
            throw PredictRefusal.Of(field, failure.Message, failure);
        }
    }
}
