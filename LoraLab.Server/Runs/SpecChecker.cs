using System.Text.Json.Nodes;
using LoraLab.Contracts.Methods;
using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Worker;
using LoraLab.Server.Domain;
using LoraLab.Server.Infrastructure.Errors;
using LoraLab.Server.Scheduling;
using LoraLab.Server.Workers;

namespace LoraLab.Server.Runs;

/// <summary>
/// Validates a specification: the trainer checks its content, the server what only it knows (its lanes, and the limits of texts).
/// </summary>
internal sealed class SpecChecker(TrainerInspector inspector, Lanes lanes)
{
    private const string UnknownMethodColor = "#607d8b";

    public async Task<SpecValidation> CheckAsync(JsonObject spec, CancellationToken cancellationToken)
    {
        InspectResponse response = await inspector.RequestAsync(new InspectRequest { Kind = "validate", Spec = spec }, cancellationToken);
        SpecValidation validation = response.Validation
            ?? throw ApiFailure.Unavailable("trainerUnavailable", "The trainer did not return a validation result.");
        List<FieldError> errors = [.. validation.Errors];
        if (validation.Spec is { } effective)
        {
            errors.AddRange(RunTextRules.Check(effective.Name, effective.Notes, effective.Tags, effective.Priority));
            errors.AddRange(LaneErrors(effective));
        }

        ApiFailure.ThrowIfAny(errors);

        return validation.Spec is null
            ? throw ApiFailure.Unavailable("trainerUnavailable", "The trainer did not return the specification.")
            : validation;
    }

    public async Task<string> ColorOfAsync(string method, CancellationToken cancellationToken)
    {
        IReadOnlyList<MethodDescriptor> methods = await inspector.MethodsAsync(cancellationToken);
        return methods.FirstOrDefault(descriptor => descriptor.Id == method)?.Color ?? UnknownMethodColor;
    }

    private IEnumerable<FieldError> LaneErrors(RunSpec spec)
    {
        IReadOnlyList<Lane> known = lanes.Everywhere;
        if (spec.Requires.Count > TextLimits.Tags
            || spec.Requires.Any(label => string.IsNullOrWhiteSpace(label) || label.Length > TextLimits.Tag || label.Contains(',')))
        {
            yield return new FieldError(
                "requires", $"requires must be at most {TextLimits.Tags} labels of 1 to {TextLimits.Tag} characters without a comma.");
        }
        else if (!known.Any(lane => lane.Accepts(spec.Device)))
        {
            yield return new FieldError("device", $"device is \"{spec.Device}\", but {lanes.OwnersRun} "
                + $"on {string.Join(", ", known.Select(lane => lane.Device).Distinct())}.");
        }
        else if (!known.Any(lane => lane.Accepts(spec)))
        {
            string labels = string.Join(", ", known.SelectMany(lane => lane.Labels).Distinct().Order(StringComparer.Ordinal));
            yield return new FieldError(
                "requires",
                $"requires is \"{string.Join(", ", spec.Requires)}\", but no node that runs on {spec.Device} has all of these labels "
                    + $"({(labels.Length > 0 ? $"there are {labels}" : "there are none")}); see LoraLab:Labels.");
        }
    }
}
