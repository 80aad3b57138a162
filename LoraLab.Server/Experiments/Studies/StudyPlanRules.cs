using System.Text.Json.Nodes;
using LoraLab.Contracts.Experiments.Studies;
using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Worker;
using LoraLab.Server.Comparison;
using LoraLab.Server.Experiments.Studies.Templates;

namespace LoraLab.Server.Experiments.Studies;

/// <summary>Validation of a plan by itself; its runs are validated separately.</summary>
internal static class StudyPlanRules
{
    /// <summary>Checks schema version, template, size and profile, on which everything else depends.</summary>
    public static IEnumerable<FieldError> CheckNames(StudyPlan plan)
    {
        if (plan.SchemaVersion != 1)
        {
            yield return new("schemaVersion", $"schemaVersion is {plan.SchemaVersion}; this server supports 1.");
        }

        IStudyTemplate? template = plan.Template is null ? null : StudyTemplates.Find(plan.Template);
        if (plan.Template is not null && template is null)
        {
            yield return new("template", $"Unknown template '{Short(plan.Template)}'; use one of "
                + $"{string.Join(", ", StudyTemplates.All.Select(known => known.Id))}.");
        }

        if (template is not null && template.Sizes.All(size => size.Id != plan.Size))
        {
            yield return new("size", $"{(plan.Size is null ? "size is missing" : $"Unknown size '{Short(plan.Size)}'")}; "
                + $"template {template.Id} has {string.Join(", ", template.Sizes.Select(size => size.Id))}.");
        }

        if (plan.Template is null && plan.Size is not null)
        {
            yield return new("size", "size requires a template; set template, or omit size.");
        }

        if (plan.Profile is not null && ScaleProfile.All.All(profile => profile.Id != plan.Profile))
        {
            yield return new("profile", $"Unknown profile '{Short(plan.Profile)}'; use one of "
                + $"{string.Join(", ", ScaleProfile.All.Select(profile => profile.Id))}.");
        }
    }

    /// <summary>Checks a plan that was completed with its template.</summary>
    /// <param name="plan">The plan.</param>
    /// <param name="methods">Ids of all methods.</param>
    /// <param name="fields">The fields of the specification.</param>
    public static IEnumerable<FieldError> Check(StudyPlan plan, IReadOnlyCollection<string> methods, SpecFieldCatalog fields) =>
    [
        .. Texts(plan.Name, plan.Notes),
        .. Seeds(plan),
        .. Fields("spec", plan.Spec, plan.Selection, fields),
        .. Methods(plan, methods, fields),
        .. Budget(plan),
    ];

    /// <summary>Checks name and notes.</summary>
    public static IEnumerable<FieldError> Texts(string? name, string? notes)
    {
        if (name is not null && name.Trim().Length is 0 or > TextLimits.StudyName)
        {
            yield return new("name", $"name must have 1 to {TextLimits.StudyName} characters.");
        }

        if (notes?.Length > TextLimits.Notes)
        {
            yield return new("notes", TextLimits.TooLong("notes", notes.Length, TextLimits.Notes));
        }
    }

    private static IEnumerable<FieldError> Seeds(StudyPlan plan)
    {
        if (plan.Seeds is null or { Count: 0 } or { Count: > StudyPlan.MaximumSeeds })
        {
            yield return new("seeds", $"seeds must be a list of 1 to {StudyPlan.MaximumSeeds} numbers, for example [1, 2, 3].");
            yield break;
        }

        foreach (long seed in plan.Seeds.Where(seed => seed < 0).Distinct())
        {
            yield return new("seeds", $"seeds contains {seed}; a seed must be at least 0.");
        }

        foreach (long seed in plan.Seeds.GroupBy(seed => seed).Where(same => same.Count() > 1).Select(same => same.Key))
        {
            yield return new("seeds", $"seeds contains {seed} more than once; repeating a run adds no evidence.");
        }
    }

    private static IEnumerable<FieldError> Methods(StudyPlan plan, IReadOnlyCollection<string> known, SpecFieldCatalog fields)
    {
        if (plan.Methods is null or { Count: 0 })
        {
            yield return new("methods", "methods is missing or empty; set template, or list at least one method.");
            yield break;
        }

        for (int i = 0; i < plan.Methods.Count; i++)
        {
            StudyMethod? method = plan.Methods[i];
            string place = $"methods[{i}]";
            if (method?.Method is null || !known.Contains(method.Method))
            {
                yield return new(
                    $"{place}.method", $"Unknown method '{Short(method?.Method ?? "")}'; use one of {string.Join(", ", known)}.");
                continue;
            }

            foreach (FieldError error in Arm(place, plan, method, i))
            {
                yield return error;
            }

            foreach (FieldError error in Fields($"{place}.spec", method.Spec, null, fields).Concat(Grid($"{place}.grid", method, fields)))
            {
                yield return error;
            }
        }
    }

    private static IEnumerable<FieldError> Budget(StudyPlan plan)
    {
        if (plan.ParameterBudget < 1)
        {
            yield return new("parameterBudget", $"parameterBudget is {plan.ParameterBudget}; it must be at least 1.");
        }

        bool fair = plan.Template is { } id && StudyTemplates.Find(id) is { IsFairComparison: true };
        if (plan.ParameterBudget is not null && !fair && plan.Methods?.Any(method => method?.Parts is not null) != true)
        {
            yield return new(
                "parameterBudget", "parameterBudget requires a template that chooses ranks by it, such as methods-2026; omit it.");
        }
    }

    private static IEnumerable<FieldError> Arm(string place, StudyPlan plan, StudyMethod method, int index)
    {
        if (method.Arm is { } arm
            && (arm.Length is 0 or > 40 || !arm.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '-')))
        {
            yield return new($"{place}.arm", "arm must have 1 to 40 small letters, digits and hyphens, for example vera-r8.");
        }
        else if (plan.Methods!.Take(index).Any(earlier => earlier?.Key == method.Key))
        {
            yield return method.Arm is null
                ? new($"{place}.method", $"methods lists {method.Key} more than once; define its variants as a grid, or name one with arm.")
                : new($"{place}.arm", $"arm {method.Key} is already the name of another entry of methods; choose another.");
        }

        if (method.Parts is { Count: 0 } || method.Parts?.Distinct().Count() < method.Parts?.Count)
        {
            yield return new($"{place}.parts", "parts must list equalParameters, equalRank or both, each once; omit it otherwise.");
        }
    }

    private static IEnumerable<FieldError> Fields(string place, JsonObject? spec, StudySelection? selection, SpecFieldCatalog fields)
    {
        foreach ((string field, JsonNode? value) in spec ?? [])
        {
            bool dev = field == "evalSplit" && selection == StudySelection.None && value?.ToString() == "dev";
            if (Problem(field, fields) is { } problem && !dev)
            {
                yield return new($"{place}.{field}", problem);
            }
        }
    }

    private static IEnumerable<FieldError> Grid(string place, StudyMethod method, SpecFieldCatalog fields)
    {
        foreach ((string field, IReadOnlyList<JsonNode>? values) in method.Grid ?? new Dictionary<string, IReadOnlyList<JsonNode>>())
        {
            string name = $"{place}.{field}";
            if (Problem(field, fields) is { } problem)
            {
                yield return new(name, problem);
            }
            else if (fields[field].Has(SpecRoles.Description))
            {
                yield return new(name, $"{field} only describes a run and has no effect on its results; it cannot be in a grid.");
            }
            else if (method.Spec?.ContainsKey(field) == true)
            {
                yield return new(name, $"{field} of {method.Method} is in both spec and grid; remove it from one of them.");
            }
            else if (values is null or { Count: 0 })
            {
                yield return new(name, $"The grid of {method.Method} has no values for {field}; list at least one, or omit the field.");
            }
            else if (values.Any(value => value is null))
            {
                yield return new(name, $"The grid of {method.Method} contains null for {field}; set a value, or omit the field.");
            }
            else if (values.GroupBy(SpecDifferences.Canonical).FirstOrDefault(same => same.Count() > 1) is { } twice)
            {
                yield return new(
                    name, $"The grid of {method.Method} contains {Short(twice.Key)} more than once for {field}; remove the duplicate.");
            }
        }
    }

    private static string? Problem(string name, SpecFieldCatalog fields) => fields.Find(name) switch
    {
        null => $"{Short(name)} is not a field of the run specification.",
        { Attribute.SetByStudy: string reason } => $"{name} cannot be set here: {reason}.",
        _ => null,
    };

    private static string Short(string text) => text.Length <= 64 ? text : text[..64] + "…";
}
