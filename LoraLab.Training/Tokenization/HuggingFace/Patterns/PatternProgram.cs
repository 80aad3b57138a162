using LoraLab.Training.Tokenization.HuggingFace.Unicode;

namespace LoraLab.Training.Tokenization.HuggingFace.Patterns;

/// <summary>Instructions of a compiled pattern.</summary>
internal enum PatternOperation
{
    /// <summary>One code point of a set.</summary>
    Class,

    /// <summary>As many code points of a set as possible, from a minimum to a maximum; gives back one by one.</summary>
    Run,

    /// <summary>As <see cref="Run"/>, but gives nothing back.</summary>
    WholeRun,

    /// <summary>Continues at the next instruction, and if that fails, at the target.</summary>
    Try,

    /// <summary>Continues at the target, and if that fails, at the next instruction.</summary>
    TryTarget,

    /// <summary>Continues at the target.</summary>
    Jump,

    /// <summary>Something follows: the instructions behind this one up to their end.</summary>
    LookAhead,

    /// <summary>Nothing of the kind follows.</summary>
    NotAhead,

    /// <summary>Something precedes, which starts a fixed number of code points before.</summary>
    LookBehind,

    /// <summary>Nothing of the kind precedes.</summary>
    NotBehind,

    /// <summary>The first match of the instructions behind this one counts.</summary>
    Atomic,

    /// <summary>A condition on the position.</summary>
    Position,

    /// <summary>The end of a match.</summary>
    End,
}

/// <summary>An instruction.</summary>
/// <param name="Operation">What it does.</param>
/// <param name="Set">Code points.</param>
/// <param name="Min">Minimum of a run; code points to go back.</param>
/// <param name="Max">Maximum of a run.</param>
/// <param name="Target">Where it continues.</param>
/// <param name="Anchor">Condition.</param>
internal readonly record struct PatternInstruction(
    PatternOperation Operation, CodePointSet? Set = null, int Min = 0, int Max = 0, int Target = 0, Anchor Anchor = default);

/// <summary>Compiles a parsed pattern.</summary>
internal sealed class PatternProgram
{
    private const int MaxInstructions = 20_000;
    private readonly List<PatternInstruction> _instructions = [];

    private PatternProgram()
    {
    }

    /// <summary>The instructions of a pattern.</summary>
    /// <exception cref="FormatException">There are too many; the message is the predicate of a sentence.</exception>
    public static PatternInstruction[] Compile(PatternNode node)
    {
        PatternProgram program = new();
        program.Add(node);
        program.Emit(new(PatternOperation.End));
        return [.. program._instructions];
    }

    private int Emit(PatternInstruction instruction)
    {
        if (_instructions.Count >= MaxInstructions)
        {
            throw new FormatException("has a pattern that is too large");
        }

        _instructions.Add(instruction);
        return _instructions.Count - 1;
    }

    private void Add(PatternNode node)
    {
        switch (node)
        {
            case PatternNode.Class only:
                Emit(new(PatternOperation.Class, only.Set));
                break;
            case PatternNode.Sequence sequence:
                foreach (PatternNode item in sequence.Items)
                {
                    Add(item);
                }

                break;
            case PatternNode.Alternatives alternatives:
                AddAlternatives(alternatives.Items);
                break;
            case PatternNode.Repeat repeat:
                AddRepeat(repeat);
                break;
            case PatternNode.Look look:
                AddLook(look);
                break;
            case PatternNode.Atomic atomic:
                AddInner(new(PatternOperation.Atomic), atomic.Item);
                break;
            case PatternNode.Position position:
                Emit(new(PatternOperation.Position, Anchor: position.Anchor));
                break;
        }
    }

    private void AddAlternatives(IReadOnlyList<PatternNode> items)
    {
        List<int> jumps = [];
        for (int i = 0; i < items.Count - 1; i++)
        {
            int choice = Emit(new(PatternOperation.Try));
            Add(items[i]);
            jumps.Add(Emit(new(PatternOperation.Jump)));
            SetTarget(choice);
        }

        Add(items[^1]);
        jumps.ForEach(SetTarget);
    }

    private void AddRepeat(PatternNode.Repeat repeat)
    {
        if (repeat.Item is PatternNode.Class only && repeat.Greed != Greed.Lazy)
        {
            PatternOperation run = repeat.Greed == Greed.Possessive ? PatternOperation.WholeRun : PatternOperation.Run;
            Emit(new(run, only.Set, repeat.Min, repeat.Max ?? int.MaxValue));
            return;
        }

        if (repeat.Greed == Greed.Possessive)
        {
            AddInner(new(PatternOperation.Atomic), repeat with { Greed = Greed.Greedy });
            return;
        }

        for (int i = 0; i < repeat.Min; i++)
        {
            Add(repeat.Item);
        }

        PatternOperation choose = repeat.Greed == Greed.Greedy ? PatternOperation.Try : PatternOperation.TryTarget;
        if (repeat.Max is not int max)
        {
            int choice = Emit(new(choose));
            Add(repeat.Item);
            Emit(new(PatternOperation.Jump, Target: choice));
            SetTarget(choice);
            return;
        }

        List<int> choices = [];
        for (int i = repeat.Min; i < max; i++)
        {
            choices.Add(Emit(new(choose)));
            Add(repeat.Item);
        }

        choices.ForEach(SetTarget);
    }

    private void AddLook(PatternNode.Look look)
    {
        if (!look.Behind)
        {
            AddInner(new(look.Negative ? PatternOperation.NotAhead : PatternOperation.LookAhead), look.Item);
            return;
        }

        IReadOnlyList<PatternNode> items = look.Item is PatternNode.Alternatives several ? several.Items : [look.Item];
        if (look.Negative)
        {
            foreach (PatternNode item in items)
            {
                AddInner(new(PatternOperation.NotBehind, Min: item.FixedLength!.Value), item);
            }

            return;
        }

        List<int> jumps = [];
        for (int i = 0; i < items.Count; i++)
        {
            int? choice = i < items.Count - 1 ? Emit(new(PatternOperation.Try)) : null;
            AddInner(new(PatternOperation.LookBehind, Min: items[i].FixedLength!.Value), items[i]);
            if (choice is int from)
            {
                jumps.Add(Emit(new(PatternOperation.Jump)));
                SetTarget(from);
            }
        }

        jumps.ForEach(SetTarget);
    }

    /// <summary>Adds instructions that are matched on their own; the target is behind them.</summary>
    private void AddInner(PatternInstruction outer, PatternNode node)
    {
        int start = Emit(outer);
        Add(node);
        Emit(new(PatternOperation.End));
        SetTarget(start);
    }

    private void SetTarget(int instruction) =>
        _instructions[instruction] = _instructions[instruction] with { Target = _instructions.Count };
}
