using System.Globalization;
using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Worker;
using LoraLab.Training.Torch;

namespace LoraLab.Training.Specs;

/// <summary>Range checks of a specification's fields that need neither model nor data.</summary>
public static class SpecRules
{
    /// <summary>Returns an error per violated rule.</summary>
    public static IEnumerable<FieldError> Check(RunSpec spec)
    {
        List<FieldError> errors = [];
        Require(
            spec.Name is null || (spec.Name.Trim().Length > 0 && spec.Name.Length <= TextLimits.Name),
            "name",
            $"must have 1 to {TextLimits.Name} characters and not be blank",
            null);
        Require(
            spec.Notes is null || spec.Notes.Length <= TextLimits.Notes,
            "notes",
            $"must have at most {TextLimits.Notes} characters; it has {spec.Notes?.Length}",
            null);
        Require(
            spec.Tags.All(tag => tag is not null && tag.Trim().Length > 0 && tag.Length <= TextLimits.Tag),
            "tags",
            $"must be strings of 1 to {TextLimits.Tag} characters and not be blank",
            null);
        Require(spec.Rank >= 1, "rank", "must be at least 1", spec.Rank);
        Require(double.IsFinite(spec.Alpha) && spec.Alpha > 0, "alpha", "must be greater than 0", spec.Alpha);
        Require(spec.Dropout is >= 0 and < 1, "dropout", "must be at least 0 and less than 1", spec.Dropout);
        Require(
            spec.TargetModules.Names is null || spec.TargetModules.Names.Count > 0,
            "targetModules",
            "must be \"all-linear\" or list at least one linear layer",
            null);
        Require(
            spec.LearningRate is null || Positive(spec.LearningRate.Value), "learningRate", "must be greater than 0", spec.LearningRate);
        Require(
            spec.LearningRateB is null || Positive(spec.LearningRateB.Value),
            "learningRateB",
            "must be greater than 0",
            spec.LearningRateB);
        Require(spec.WarmupSteps >= 0, "warmupSteps", "must be at least 0", spec.WarmupSteps);
        Require(spec.ScheduleSteps is null or >= 1, "scheduleSteps", "must be at least 1", spec.ScheduleSteps);
        Require(
            spec.ScheduleSteps is null || spec.ScheduleSteps > spec.WarmupSteps,
            "scheduleSteps",
            $"must be greater than warmupSteps ({spec.WarmupSteps})",
            spec.ScheduleSteps);
        Require(double.IsFinite(spec.WeightDecay) && spec.WeightDecay >= 0, "weightDecay", "must be at least 0", spec.WeightDecay);
        Require(
            spec.MaxGradNorm is null || Positive(spec.MaxGradNorm.Value),
            "maxGradNorm",
            "must be greater than 0, or null to disable clipping",
            spec.MaxGradNorm);
        Require(spec.Epochs >= 1, "epochs", "must be at least 1", spec.Epochs);
        Require(spec.MaxSteps is null or >= 1, "maxSteps", "must be at least 1", spec.MaxSteps);
        Require(spec.TrainSamples >= 1, "trainSamples", "must be at least 1", spec.TrainSamples);
        Require(spec.DataSeed is null or >= 0, "dataSeed", "must be at least 0, or null for the file's order", spec.DataSeed);
        Require(spec.DataOffset >= 0, "dataOffset", "must be at least 0", spec.DataOffset);
        Require(spec.OrderSeed is null or >= 0, "orderSeed", "must be at least 0, or null for the subset's order", spec.OrderSeed);
        Require(spec.EffectiveBatch >= 1, "effectiveBatch", "must be at least 1", spec.EffectiveBatch);
        Require(spec.MicroBatch.Sentences is null or >= 1, "microBatch", "must be \"auto\" or at least 1", spec.MicroBatch);
        Require(spec.PackTokens is null or >= 1, "packTokens", "must be at least 1, or null to fit the available memory", spec.PackTokens);
        Require(spec.EvalEvery >= 1, "evalEvery", "must be at least 1", spec.EvalEvery);
        Require(spec.EvalSamples is null or >= 1, "evalSamples", "must be at least 1, or null for all rows", spec.EvalSamples);
        Require(spec.MemoryBudgetMb is null or >= 1, "memoryBudgetMb", "must be at least 1", spec.MemoryBudgetMb);
        if (DeviceChoice.Problem(spec.Device) is string problem)
        {
            errors.Add(new("device", problem));
        }

        return errors;

        void Require(bool holds, string field, string rule, object? value)
        {
            if (!holds)
            {
                errors.Add(new(field, value is null
                    ? $"{field} {rule}."
                    : string.Create(CultureInfo.InvariantCulture, $"{field} {rule}; it is {value}.")));
            }
        }
    }

    private static bool Positive(double value) => double.IsFinite(value) && value > 0;
}
