using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Worker;
using LoraLab.Training.Torch;

namespace LoraLab.Training.Specs;

/// <summary>
/// Checks of a specification that need neither model nor data: the bounds of its fields, rules that relate fields, and the device.
/// </summary>
public static class SpecRules
{
    /// <summary>Returns an error per violated rule.</summary>
    public static IEnumerable<FieldError> Check(RunSpec spec)
    {
        foreach (SpecFieldDescriptor field in SpecFieldCatalog.Of(spec).Fields)
        {
            if (field.Problem(spec) is string problem)
            {
                yield return new(field.Name, problem);
            }
        }

        if (spec.ScheduleSteps <= spec.WarmupSteps)
        {
            yield return new(
                "scheduleSteps", $"scheduleSteps must be greater than warmupSteps ({spec.WarmupSteps}); it is {spec.ScheduleSteps}.");
        }

        if (spec.Recompute == Recompute.Blocks && spec.MicroBatch.Sentences == 1)
        {
            yield return new(
                "recompute",
                "recompute is blocks, but a microBatch of 1 is the reference path, which keeps what autograd needs; set recompute to none, "
                    + "or microBatch to auto.");
        }

        if (DeviceChoice.Problem(spec.Device) is string unknown)
        {
            yield return new("device", unknown);
        }
    }
}
