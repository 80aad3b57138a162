using System.Text.Json.Nodes;
using LoraLab.Contracts.Experiments.Studies;
using LoraLab.Contracts.Methods;
using LoraLab.Contracts.Worker;

namespace LoraLab.Server.Experiments.Studies;

/// <summary>Presets of methods, such as <c>rslora</c>, as methods of a plan: an arm of that name with the settings of the preset.</summary>
internal static class StudyPresets
{
    /// <summary>Returns the plan with methods in place of presets; an entry that contradicts its preset is refused.</summary>
    public static StudyPlan Apply(StudyPlan plan, IReadOnlyList<MethodDescriptor> methods, ICollection<FieldError> errors) => plan with
    {
        Methods = plan.Methods is null ? null : [.. plan.Methods.Select((entry, index) => Apply(entry, index, methods, errors))],
    };

    /// <summary>The preset that an arm is of; null: the arm is of the method itself.</summary>
    public static MethodPreset? Of(StudyMethod arm, MethodDescriptor method) => method.Presets.FirstOrDefault(preset =>
        arm.Key == preset.Id || arm.Key.StartsWith(preset.Id + "-", StringComparison.Ordinal));

    private static StudyMethod Apply(
        StudyMethod entry, int index, IReadOnlyList<MethodDescriptor> methods, ICollection<FieldError> errors)
    {
        if (methods.SelectMany(method => method.Presets.Select(preset => (method, preset)))
            .FirstOrDefault(pair => pair.preset.Id == entry?.Method) is not ({ } method, { } preset))
        {
            return entry!;
        }

        JsonObject spec = (JsonObject?)entry.Spec?.DeepClone() ?? [];
        foreach ((string field, JsonNode? value) in preset.Sets)
        {
            bool inGrid = entry.Grid?.ContainsKey(field) == true;
            if (inGrid || (spec.TryGetPropertyValue(field, out JsonNode? given) && !JsonNode.DeepEquals(given, value)))
            {
                errors.Add(new(
                    $"methods[{index}].{(inGrid ? "grid" : "spec")}.{field}",
                    $"{field} must be {value?.ToJsonString()} for {preset.Id}, which is {method.Id} with that setting; omit it, or use "
                        + $"{method.Id}."));
                continue;
            }

            spec[field] = value?.DeepClone();
        }

        return entry with { Method = method.Id, Arm = entry.Arm ?? preset.Id, Spec = spec };
    }
}
