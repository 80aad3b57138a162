using LoraLab.Contracts;
using LoraLab.Contracts.Runs.Fields;
using LoraLab.Contracts.Runs.Filters;
using LoraLab.Server.Domain;

namespace LoraLab.Server.Storage.Postgres;

/// <summary>Translates filters on runs to SQL that selects the same runs as <see cref="RunFilter.Matches"/>.</summary>
internal sealed class ConditionSql(SqlParameters parameters)
{
    private static readonly string[] _searched = ["name", "method", "model", "dataset", "notes"];

    /// <summary>A condition on the table of runs.</summary>
    public string Of(RunFilter filter)
    {
        List<string> all = ["true"];
        AddIf(filter.States is not null, () => $"state = any({parameters.Add(filter.States!.Select(s => EnumWords.Of(s)).ToArray())})");
        AddIf(filter.Methods is not null, () => $"method = any({parameters.Add(filter.Methods!.ToArray())})");
        AddIf(filter.Tags is not null, () => $"tags @> {parameters.Add(filter.Tags!.ToArray())}");
        AddIf(!string.IsNullOrEmpty(filter.StudyId), () => $"study = {parameters.Add(filter.StudyId!)}");
        AddIf(!string.IsNullOrEmpty(filter.SweepId), () => $"sweep = {parameters.Add(filter.SweepId!)}");
        if (filter.Trained is { } trained)
        {
            all.Add($"model = {parameters.Add(trained.Model)} and dataset = {parameters.Add(trained.Dataset)}");
        }

        AddIf(filter.Alias is not null, () => $"aliases @> {parameters.Add(new[] { filter.Alias! })}");
        AddIf(filter.ParentId is not null, () => $"parents @> {parameters.Add(new[] { filter.ParentId! })}");
        all.AddRange((filter.Text ?? "").Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(Word));
        AddIf(filter.Condition is not null, () => Of(filter.Condition!));
        return string.Join(" and ", all);

        void AddIf(bool given, Func<string> sql)
        {
            if (given)
            {
                all.Add(sql());
            }
        }
    }

    /// <summary>Never null, so that it can be negated.</summary>
    private string Of(RunCondition condition) => condition switch
    {
        RunCondition.All all => Join(all.Of, " and ", "true"),
        RunCondition.Any any => Join(any.Of, " or ", "false"),
        RunCondition.Not not => $"(not {Of(not.Of)})",
        RunCondition.Missing missing => Missing(missing.Field),
        RunCondition.Containing containing => AnyText(containing.Field, text => $"strpos({text}, {Upper(containing.Text)}) > 0"),
        RunCondition.Equal equal => AnyText(equal.Field, text => $"{text} = {Upper(equal.Text)}"),
        RunCondition.Is on => $"coalesce({Text(on.Field)} = {(on.Value ? "'TRUE'" : "'FALSE'")}, false)",
        RunCondition.Compared compared => "coalesce(case jsonb_typeof(keys -> " + Name(compared.Field) + ") when 'number' then "
            + $"(keys ->> {Name(compared.Field)})::double precision {compared.Sign} {parameters.Add(compared.Value)} end, false)",
        _ => throw new NotSupportedException(condition.GetType().Name),
    };

    private string Join(IReadOnlyList<RunCondition> conditions, string word, string none) =>
        conditions.Count == 0 ? none : $"({string.Join(word, conditions.Select(Of))})";

    private static string Missing(RunField field)
    {
        string empty = $"coalesce(texts -> {Name(field)}, '\"\"') in ('\"\"', '[]')";
        return field.Kind is RunFieldKind.Text or RunFieldKind.Words ? $"({empty})" : $"(not keys ? {Name(field)} and {empty})";
    }

    /// <summary>A condition on the field's text, or on any of its words.</summary>
    private static string AnyText(RunField field, Func<string, string> condition) => field.Kind == RunFieldKind.Words
        ? $"exists (select from jsonb_array_elements_text(texts -> {Name(field)}) as word where {condition("word")})"
        : $"coalesce({condition(Text(field))}, false)";

    private string Word(string word)
    {
        string upper = Upper(word);
        IEnumerable<string> fields = _searched.Select(field => $"strpos(texts ->> '{field}', {upper}) > 0");
        return "(coalesce(" + string.Join(", false) or coalesce(", fields) + $", false) or texts ->> 'id' = {upper} or exists "
            + $"(select from jsonb_array_elements_text(texts -> 'tags') as word where strpos(word, {upper}) > 0))";
    }

    private string Upper(string text) => parameters.Add(text.ToUpperInvariant());

    private static string Text(RunField field) => $"(texts ->> {Name(field)})";

    private static string Name(RunField field) => SqlParameters.Literal(field.Name);
}
