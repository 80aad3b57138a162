using LoraLab.Contracts.Experiments.Studies;
using LoraLab.Server.Comparison;
using LoraLab.Server.Experiments.Studies.Tables;

namespace LoraLab.Server.Experiments.Studies.Paper;

/// <summary>A LaTeX document with everything of a study that compiles on its own; its parts can be included elsewhere.</summary>
internal static class PaperTex
{
    public static string Document(StudyDocument study)
    {
        TexLines text = new TexLines()
            .Comment("Compiles with pdflatex: texlive-latex-base and texlive-latex-recommended.")
            .Raw("\\documentclass{article}")
            .Raw("\\usepackage[utf8]{inputenc}")
            .Raw("\\usepackage[margin=2.2cm]{geometry}")
            .Raw("\\usepackage{booktabs,longtable,graphicx}")
            .Raw("\\input{numbers}")
            .Raw($"\\title{{{TexLines.Escape(study.Name)}}}")
            .Raw($"\\author{{LoraLab, study {TexLines.Escape(study.Id)}}}")
            .Raw("\\date{}")
            .Raw("\\begin{document}")
            .Raw("\\maketitle")
            .Raw("\\noindent Model \\StudyModel, dataset \\StudyDataset. All numbers are in \\texttt{data/}, "
                + "all runs in \\texttt{provenance.json}.");
        if (study.State != StudyState.Completed)
        {
            text.Raw($"\\par\\noindent\\textbf{{The study is {study.State.ToString().ToLowerInvariant()}; the results are preliminary.}}");
        }

        Remarks(text, study.Warnings);
        text.Raw("\\section{Results}");
        foreach (StudyTable table in study.Tables.Where(PartTable.IsOf))
        {
            text.Raw($"\\input{{tables/{table.Id}}}");
        }

        text.Raw("\\input{tables/final}");
        text.Raw("\\section{Claims}").Raw("\\input{tables/claims}");
        text.Raw("\\section{Figures}");
        foreach (StudyFigure figure in study.Figures)
        {
            Figure(text, figure);
        }

        text.Raw("\\clearpage").Raw("\\section{Protocol and hyper-parameters}");
        foreach (StudyTable table in study.Tables.Where(table => table.Id != FinalTable.Id && !PartTable.IsOf(table)))
        {
            text.Raw($"\\input{{tables/{table.Id}}}");
        }

        return text.Raw("\\end{document}").ToString();
    }

    /// <summary>The claims with their verdicts, quantities, margins and minimum evidence.</summary>
    public static string Claims(IReadOnlyList<StudyClaim> claims)
    {
        TexLines text = new();
        foreach (StudyClaim claim in claims)
        {
            text.Raw($"\\paragraph{{{TexLines.Escape(claim.Statement)}}}")
                .Raw($"\\textbf{{{Verdict(claim)}}}: {TexLines.Escape(claim.Finding)}")
                .Raw($"\\emph{{Quantity:}} {TexLines.Escape(claim.Quantity)}")
                .Raw($"\\emph{{Margin:}} {TexLines.Escape(claim.Margin)}")
                .Raw($"\\emph{{Minimum evidence:}} {TexLines.Escape(claim.MinimumEvidence)}")
                .Raw("");
        }

        return text.ToString();
    }

    private static string Verdict(StudyClaim claim)
    {
        string verdict = claim.Verdict switch
        {
            ClaimVerdict.NotRun => "Not run",
            ClaimVerdict.Supported => "Supported",
            ClaimVerdict.NotSupported => "Not supported",
            _ => "Inconclusive",
        };
        return claim.MatchesPaper || claim.Verdict == ClaimVerdict.NotRun ? verdict : $"{verdict} (not the paper's weights and data)";
    }

    private static void Figure(TexLines text, StudyFigure figure)
    {
        if (figure.UnavailableReason is not null)
        {
            text.Raw($"\\noindent {TexLines.Escape(figure.Title)}: {TexLines.Escape(figure.UnavailableReason)}\\par");
            return;
        }

        text.Raw("\\begin{figure}[htbp]")
            .Raw("\\centering")
            .Raw($"\\includegraphics[width=0.9\\linewidth]{{figures/{figure.Id}}}")
            .Raw($"\\caption{{{TexLines.Escape(figure.Caption)}}}")
            .Raw($"\\label{{fig:{figure.Id}}}")
            .Raw("\\end{figure}");
    }

    private static void Remarks(TexLines text, IReadOnlyList<string> warnings)
    {
        if (warnings.Count == 0)
        {
            return;
        }

        text.Raw("\\begin{itemize}");
        foreach (string warning in warnings)
        {
            text.Raw($"\\item {{}}{TexLines.Escape(warning)}");
        }

        text.Raw("\\end{itemize}");
    }
}
