import type { BarSeriesOption, LineSeriesOption } from 'echarts/charts'
import type { GridComponentOption, LegendComponentOption, TooltipComponentOption } from 'echarts/components'
import type { ComposeOption } from 'echarts/core'
import type { StatsDay } from '../api/types'

type TrendOption = ComposeOption<
  BarSeriesOption | LineSeriesOption | GridComponentOption | LegendComponentOption | TooltipComponentOption
>

export interface ChartColours {
  bot: string
  handoff: string
  conversations: string
  text: string
  ink: string
  line: string
  surface: string
  font: string
}

export interface TrendNames {
  conversations: string
  botResolved: string
  handedOver: string
}

/** `2026-11-22` → `11-22`: the year is plain from the period. */
export function shortDate(date: string): string {
  return date.length === 10 ? date.slice(5) : date
}

/** Bars for what the bot resolved against what went to people; a line for all conversations. */
export function trendOptions(days: readonly StatsDay[], colours: ChartColours, names: TrendNames): TrendOption {
  const textStyle = { color: colours.text, fontFamily: colours.font, fontSize: 12 }
  const bar = { type: 'bar' as const, barMaxWidth: 18, barGap: '20%' }
  return {
    animationDuration: window.matchMedia('(prefers-reduced-motion: reduce)').matches ? 0 : 300,
    textStyle,
    grid: { left: 8, right: 8, top: 40, bottom: 4, outerBoundsMode: 'same' },
    legend: { top: 0, left: 0, icon: 'roundRect', itemWidth: 12, itemHeight: 8, textStyle },
    tooltip: {
      trigger: 'axis',
      backgroundColor: colours.surface,
      borderColor: colours.line,
      textStyle: { ...textStyle, color: colours.ink },
      axisPointer: { type: 'shadow', shadowStyle: { opacity: 0.08 } },
    },
    xAxis: {
      type: 'category',
      data: days.map((day) => shortDate(day.date)),
      axisLine: { lineStyle: { color: colours.line } },
      axisTick: { show: false },
      axisLabel: { ...textStyle, hideOverlap: true },
    },
    yAxis: {
      type: 'value',
      minInterval: 1,
      splitLine: { lineStyle: { color: colours.line } },
      axisLabel: textStyle,
    },
    series: [
      { ...bar, name: names.botResolved, data: days.map((day) => day.bot_resolved), itemStyle: { color: colours.bot, borderRadius: [3, 3, 0, 0] } },
      { ...bar, name: names.handedOver, data: days.map((day) => day.handoffs), itemStyle: { color: colours.handoff, borderRadius: [3, 3, 0, 0] } },
      {
        type: 'line',
        name: names.conversations,
        data: days.map((day) => day.conversations),
        symbol: 'circle',
        symbolSize: 6,
        lineStyle: { width: 2 },
        itemStyle: { color: colours.conversations },
      },
    ],
  }
}
