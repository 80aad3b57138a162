using LoraLab.Server.Experiments.Studies.Evidence;
using OxyPlot;

namespace LoraLab.Server.Experiments.Studies.Figures;

/// <summary>A figure of a study.</summary>
internal interface IStudyFigure
{
    /// <summary>Fixed id and file name.</summary>
    string Id { get; }

    /// <summary>Size in points.</summary>
    (int Width, int Height) Size { get; }

    string Title(StudyEvidence evidence);

    /// <summary>The caption, including what is not shown.</summary>
    string Caption(StudyEvidence evidence);

    /// <summary>One sentence on why the figure cannot be drawn; null: it can.</summary>
    string? Missing(StudyEvidence evidence);

    /// <summary>Draws the figure; only valid if nothing is missing.</summary>
    PlotModel Draw(StudyEvidence evidence);
}
