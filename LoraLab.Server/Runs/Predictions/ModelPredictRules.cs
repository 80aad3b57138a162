using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Worker;
using LoraLab.Server.Infrastructure.Errors;

namespace LoraLab.Server.Runs.Predictions;

/// <summary>What can be wrong with a request to a model or to several runs, besides what <see cref="PredictRules"/> checks.</summary>
internal static class ModelPredictRules
{
    /// <summary>Checks who is asked, and the prompt and labels of the inputs.</summary>
    /// <exception cref="ApiFailure">A member is wrong.</exception>
    public static void Check(ModelPredictRequest request)
    {
        List<FieldError> errors = [];
        if (request.Model is "" || (request.Model is null && request.Runs is null))
        {
            errors.Add(new("model", "model is empty; name a model, or ids of trained runs as runs."));
        }

        if (request.Runs is { } runs)
        {
            CheckRuns(errors, request, runs);
        }
        else
        {
            CheckAlone(errors, request);
        }

        ApiFailure.ThrowIfAny(errors);
    }

    /// <summary>Checks that runs can be asked side by side, beside a model.</summary>
    /// <param name="runs">The runs.</param>
    /// <param name="model">Name of the model; null: only the runs are asked.</param>
    /// <exception cref="ApiFailure">They cannot.</exception>
    public static void CheckTogether(IReadOnlyList<RunDocument> runs, string? model)
    {
        if (runs.Count == 0)
        {
            return;
        }

        RunDocument first = runs[0];
        List<FieldError> errors = [];
        if (runs.FirstOrDefault(run => run.Spec.Model != first.Spec.Model) is { } other)
        {
            errors.Add(new(
                "runs",
                $"Run {first.Id} trained the model '{first.Spec.Model}' and run {other.Id} '{other.Spec.Model}'; "
                    + "ask runs of one model side by side."));
        }
        else if (model is not null && model != first.Spec.Model)
        {
            errors.Add(new(
                "model",
                $"model is '{model}', but the runs trained '{first.Spec.Model}'; ask that model beside them, or leave out model."));
        }

        if (runs.FirstOrDefault(run => run.Task != first.Task) is { } stranger)
        {
            errors.Add(new(
                "runs",
                $"Run {first.Id} is of the task {first.Task} and run {stranger.Id} of {stranger.Task}; "
                    + "ask runs of one task side by side."));
        }

        ApiFailure.ThrowIfAny(errors);
    }

    private static void CheckRuns(List<FieldError> errors, ModelPredictRequest request, IReadOnlyList<string> runs)
    {
        PredictRules.Count(errors, "runs", runs.Count, 1, PredictLimits.Runs);
        if (runs.Any(string.IsNullOrEmpty) || runs.Distinct(StringComparer.Ordinal).Count() < runs.Count)
        {
            errors.Add(new("runs", "runs must be different ids that are not empty."));
        }

        foreach ((string field, bool given) in new[] { ("template", request.Template is not null), ("labels", request.Labels is not null) })
        {
            if (given)
            {
                errors.Add(new(field, $"Runs are asked with their own prompts and labels; leave out {field}."));
            }
        }
    }

    private static void CheckAlone(List<FieldError> errors, ModelPredictRequest request)
    {
        if (request.Inputs is not null && request.Template is null)
        {
            errors.Add(new("template", "template is missing; inputs need a prompt with {column} and, after a space, {label}."));
        }

        if (request.Inputs is not null && request.Labels is null)
        {
            errors.Add(new("labels", "labels are missing; inputs need the labels to be scored."));
        }

        if (request.Prompt is not null && (request.Template is not null || request.Labels is not null))
        {
            errors.Add(new("prompt", "prompt is continued as it is; leave out template and labels, or send inputs."));
        }

        if (request.Labels is { } labels)
        {
            PredictRules.Count(errors, "labels", labels.Count, 2, PredictLimits.Labels);
            if (labels.Any(string.IsNullOrEmpty) || labels.Distinct(StringComparer.Ordinal).Count() < labels.Count)
            {
                errors.Add(new("labels", "labels must be different texts that are not empty."));
            }
        }
    }
}
