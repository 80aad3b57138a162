using System.Globalization;
using LoraLab.Contracts;
using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Worker;
using LoraLab.Server.Infrastructure.Errors;

namespace LoraLab.Server.Runs.Predictions;

/// <summary>What can be wrong with a request before the trainer reads it.</summary>
internal static class PredictRules
{
    /// <exception cref="ApiFailure">A member is wrong.</exception>
    public static void Check(PredictCommand request)
    {
        List<FieldError> errors = [];
        if ((request.Inputs is null) == (request.Prompt is null))
        {
            errors.Add(new("inputs", "Give either inputs (the texts of columns) or prompt (a text to continue)."));
        }

        if (request.Inputs is { } inputs)
        {
            Count(errors, "inputs", inputs.Count, 1, PredictLimits.Inputs);
            for (int i = 0; i < inputs.Count; i++)
            {
                if (inputs[i] is not { } input || input.Values.Any(text => text is null))
                {
                    errors.Add(new($"inputs[{i}]", $"inputs[{i}] must be an object of texts by column."));
                }
            }
        }

        if (request is { Prompt: not null, TopK: not null })
        {
            errors.Add(new("topK", "prompt is continued and no labels are ranked; leave out topK, or send inputs."));
        }

        if (request.TopK is < 1 or > PredictLimits.Labels)
        {
            errors.Add(new("topK", $"topK is {request.TopK}; it must be from 1 to {PredictLimits.Labels}."));
        }

        Check(errors, request.Generate);
        ApiFailure.ThrowIfAny(errors);
    }

    /// <exception cref="ApiFailure">A member is wrong.</exception>
    public static void Check(TokenizeRequest request)
    {
        List<FieldError> errors = [];
        if (string.IsNullOrEmpty(request.Model))
        {
            errors.Add(new("model", "model is empty; name a model."));
        }

        Count(errors, "texts", request.Texts?.Count ?? 0, 1, PredictLimits.Texts);
        if (request.Texts?.Any(text => text is null) == true)
        {
            errors.Add(new("texts", "texts must be texts; null is none."));
        }

        ApiFailure.ThrowIfAny(errors);
    }

    private static void Check(List<FieldError> errors, GenerateOptions? generate)
    {
        if (generate is null)
        {
            return;
        }

        if (generate.MaxTokens is < 1 or > PredictLimits.Tokens)
        {
            errors.Add(new(
                "generate.maxTokens",
                $"maxTokens is {generate.MaxTokens}; it must be from 1 to {NumberFormat.Count(PredictLimits.Tokens)}."));
        }

        if (generate.Temperature is not (null or (>= 0 and <= 100)))
        {
            errors.Add(new("generate.temperature", $"temperature is {Number(generate.Temperature.Value)}; it must be from 0 to 100."));
        }

        if (generate.TopP is not (> 0 and <= 1))
        {
            errors.Add(new("generate.topP", $"topP is {Number(generate.TopP)}; it must be above 0 and at most 1."));
        }

        if (generate.Stop is not { Count: <= PredictLimits.StopTexts } stop
            || stop.Any(text => text is not { Length: > 0 and <= PredictLimits.StopLength }))
        {
            errors.Add(new(
                "generate.stop",
                $"stop must have at most {PredictLimits.StopTexts} texts of 1 to {PredictLimits.StopLength} characters."));
        }
    }

    /// <summary>Reports a list with too few or too many items.</summary>
    public static void Count(List<FieldError> errors, string field, int count, int least, int most)
    {
        if (count < least || count > most)
        {
            errors.Add(new(field, $"{field} has {NumberFormat.Count(count, "item")}; it must have from {least} to {most}."));
        }
    }

    private static string Number(double value) => value.ToString(CultureInfo.InvariantCulture);
}
