using System.Text.Json;
using System.Text.Json.Nodes;
using LoraLab.Contracts;
using LoraLab.Contracts.Experiments.Studies;
using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Worker;
using LoraLab.Server.Comparison;
using LoraLab.Server.Experiments.Studies.Templates;

namespace LoraLab.Server.Experiments.Studies;

/// <summary>What must hold of a plan by itself; what its runs may be, each run's own check says.</summary>
internal static class StudyPlanRules
{
    private const int MostSeeds = 100;

    private static readonly HashSet<string> s_fields = [.. JsonSerializer.SerializeToNode(new RunSpec(), ContractJson.Options)!.AsObject().Select(field => field.Key)];

    /// <summary>Fields that the study itself sets, with where they are said.</summary>
    private static readonly Dictionary<string, string> s_ofTheStudy = new()
    {
        ["seed"] = "the study sets it to each of its seeds",
        ["orderSeed"] = "the study sets it to each of its seeds, so that runs pair",
        ["evalSplit"] = "the study evaluates grids on the selection split and reports on dev; with \"selection\": \"none\" everything is on dev",
        ["model"] = "it is a member of the study",
        ["dataset"] = "it is a member of the study",
        ["method"] = "it is a member of each of the study's methods",
        ["name"] = "the study names its runs",
    };

    private static readonly string[] s_descriptive = ["tags", "notes", "priority"];

    /// <summary>Template, size and profile: without these nothing else can be looked at.</summary>
    public static IEnumerable<FieldError> CheckNames(StudyPlan plan)
    {
        if (plan.SchemaVersion != 1)
        {
            yield return new("schemaVersion", $"schemaVersion is {plan.SchemaVersion}; this server knows 1.");
        }

        IStudyTemplate? template = plan.Template is null ? null : StudyTemplates.Find(plan.Template);
        if (plan.Template is not null && template is null)
        {
            yield return new("template", $"There is no template '{Short(plan.Template)}'; there are {string.Join(", ", StudyTemplates.All.Select(known => known.Id))}.");
        }

        if (template is not null && template.Sizes.All(size => size.Id != plan.Size))
        {
            yield return new("size", $"{(plan.Size is null ? "size is missing" : $"There is no size '{Short(plan.Size)}'")}; {template.Id} has {string.Join(", ", template.Sizes.Select(size => size.Id))}.");
        }

        if (plan.Template is null && plan.Size is not null)
        {
            yield return new("size", "size is of a template; name the template, or leave it out.");
        }

        if (plan.Profile is not null && ScaleProfile.All.All(profile => profile.Id != plan.Profile))
        {
            yield return new("profile", $"There is no profile '{Short(plan.Profile)}'; there are {string.Join(", ", ScaleProfile.All.Select(profile => profile.Id))}.");
        }
    }

    /// <summary>A plan with what its template gives.</summary>
    public static IEnumerable<FieldError> Check(StudyPlan plan, IReadOnlyCollection<string> methods) =>
    [
        .. Texts(plan.Name, plan.Notes),
        .. Seeds(plan),
        .. Fields("spec", plan.Spec, plan.Selection),
        .. Methods(plan, methods),
    ];

    /// <summary>What people write about a study.</summary>
    public static IEnumerable<FieldError> Texts(string? name, string? notes)
    {
        if (name is not null && name.Trim().Length is 0 or > TextLimits.StudyName)
        {
            yield return new("name", $"name must have 1 to {TextLimits.StudyName} characters.");
        }

        if (notes?.Length > TextLimits.Notes)
        {
            yield return new("notes", $"notes has {notes.Length} characters; at most {TextLimits.Notes} are allowed.");
        }
    }

    private static IEnumerable<FieldError> Seeds(StudyPlan plan)
    {
        if (plan.Seeds is null or { Count: 0 } or { Count: > MostSeeds })
        {
            yield return new("seeds", $"seeds must be a list of 1 to {MostSeeds} numbers, for example [1, 2, 3].");
            yield break;
        }

        foreach (long seed in plan.Seeds.Where(seed => seed < 0).Distinct())
        {
            yield return new("seeds", $"seeds has {seed}; a seed must be at least 0.");
        }

        foreach (long seed in plan.Seeds.GroupBy(seed => seed).Where(same => same.Count() > 1).Select(same => same.Key))
        {
            yield return new("seeds", $"seeds has {seed} more than once; the same run again is no further evidence.");
        }
    }

    private static IEnumerable<FieldError> Methods(StudyPlan plan, IReadOnlyCollection<string> known)
    {
        if (plan.Methods is null or { Count: 0 })
        {
            yield return new("methods", "methods is missing or empty; name a template, or list at least one method.");
            yield break;
        }

        for (int i = 0; i < plan.Methods.Count; i++)
        {
            StudyMethod? method = plan.Methods[i];
            string place = $"methods[{i}]";
            if (method?.Method is null || !known.Contains(method.Method))
            {
                yield return new($"{place}.method", $"There is no method '{Short(method?.Method ?? "")}'; there are {string.Join(", ", known)}.");
                continue;
            }

            if (plan.Methods.Take(i).Any(earlier => earlier?.Method == method.Method))
            {
                yield return new($"{place}.method", $"methods has {method.Method} more than once; give its variants as a grid.");
            }

            foreach (FieldError error in Fields($"{place}.spec", method.Spec, null).Concat(Grid($"{place}.grid", method)))
            {
                yield return error;
            }
        }
    }

    private static IEnumerable<FieldError> Fields(string place, JsonObject? spec, StudySelection? selection)
    {
        foreach ((string field, JsonNode? value) in spec ?? [])
        {
            bool dev = field == "evalSplit" && selection == StudySelection.None && value?.ToString() == "dev";
            if (Problem(field) is { } problem && !dev)
            {
                yield return new($"{place}.{field}", problem);
            }
        }
    }

    private static IEnumerable<FieldError> Grid(string place, StudyMethod method)
    {
        foreach ((string field, IReadOnlyList<JsonNode>? values) in method.Grid ?? new Dictionary<string, IReadOnlyList<JsonNode>>())
        {
            string name = $"{place}.{field}";
            if (Problem(field) is { } problem)
            {
                yield return new(name, problem);
            }
            else if (s_descriptive.Contains(field))
            {
                yield return new(name, $"{field} describes a run and changes nothing about it; it cannot be in a grid.");
            }
            else if (method.Spec?.ContainsKey(field) == true)
            {
                yield return new(name, $"{field} of {method.Method} is in its spec and in its grid; leave it out of one of them.");
            }
            else if (values is null or { Count: 0 })
            {
                yield return new(name, $"The grid of {method.Method} has no values for {field}; give at least one, or leave the field out.");
            }
            else if (values.Any(value => value is null))
            {
                yield return new(name, $"The grid of {method.Method} has null for {field}; give a value, or leave the field out.");
            }
            else if (values.GroupBy(SpecDifferences.Canonical).FirstOrDefault(same => same.Count() > 1) is { } twice)
            {
                yield return new(name, $"The grid of {method.Method} has {Short(twice.Key)} more than once for {field}.");
            }
        }
    }

    private static string? Problem(string field) =>
        s_ofTheStudy.TryGetValue(field, out string? why) ? $"{field} cannot be said here: {why}."
        : s_fields.Contains(field) ? null
        : $"{Short(field)} is not a field of a run's specification.";

    private static string Short(string text) => text.Length <= 64 ? text : text[..64] + "…";
}
