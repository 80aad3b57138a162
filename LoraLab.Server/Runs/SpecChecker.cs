using System.Text.Json.Nodes;
using LoraLab.Contracts.Methods;
using LoraLab.Contracts.Worker;
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
            if (!lanes.Accepts(effective.Device))
            {
                errors.Add(new FieldError(
                    "device", $"device is \"{effective.Device}\", but this server only runs on {string.Join(", ", lanes.Names)}."));
            }
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
}
