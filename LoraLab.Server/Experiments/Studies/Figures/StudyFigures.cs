using LoraLab.Contracts.Experiments.Studies;
using LoraLab.Server.Experiments.Studies.Evidence;

namespace LoraLab.Server.Experiments.Studies.Figures;

/// <summary>The figures of a study, in the order of the paper.</summary>
internal static class StudyFigures
{
    public static IReadOnlyList<IStudyFigure> All { get; } = [new RateGridFigure(), new ConvergenceFigure(), new CostFigure()];

    public static IReadOnlyList<StudyFigure> Of(StudyEvidence evidence) =>
        [.. All.Select(figure => new StudyFigure(figure.Id, figure.Title(evidence), figure.Caption(evidence), figure.Missing(evidence)))];
}
