using LoraLab.Contracts.Experiments.Studies;
using LoraLab.Contracts.Methods;

namespace LoraLab.Server.Experiments.Studies.Templates;

/// <summary>The built-in studies.</summary>
internal static class StudyTemplates
{
    public static IReadOnlyList<IStudyTemplate> All { get; } = [new BetterCallLora(), new Methods2026(), new FourBit()];

    public static IStudyTemplate? Find(string id) => All.FirstOrDefault(template => template.Id == id);

    public static IReadOnlyList<StudyTemplate> Describe(IReadOnlyList<MethodDescriptor> methods) =>
    [
        .. All.Select(template => new StudyTemplate(
            template.Id,
            template.Title,
            template.Description,
            [.. template.Sizes.Select(size =>
                new StudySize(size.Id, size.Description, template.Make(size.Id, ScaleProfile.TinyLlama, methods)))])),
    ];
}
